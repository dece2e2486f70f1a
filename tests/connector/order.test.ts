import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, Stack } from "./stack.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await Stack.start();
  await stack.startConnector();
});
afterAll(() => stack.stop());

const count = 300;
const messagesPerDrop = 75;

test("the messages of a chat are stored in order, however often the connection is lost", async () => {
  const { phone } = await stack.pair("reader", "393331000061");
  const writer = "393331000062";
  await stack.phone("POST", "/phones", { phone: writer });
  for (let index = 0; index < count; index += 1) {
    if (index % messagesPerDrop === messagesPerDrop - 1) {
      await stack.phone("POST", "/faults", { kind: "drop-sockets", phone });
    }
    const message = { to: phone, type: "text", text: String(index) };
    await stack.phone("POST", `/phones/${writer}/messages`, message);
  }
  const events = await eventually(
    () => stack.events("message.received"),
    (list) => list.length >= count,
  );
  const texts = events.map((event) => Number(event.data["text"]));
  const inverted = texts.filter((text, index) => text < (texts[index - 1] ?? 0));
  expect(inverted).toEqual([]);
  expect(new Set(texts).size).toBe(count);
});
