import { afterAll, beforeAll, expect, test } from "vitest";
import type { Connector } from "../../connector/connector.ts";
import { Stack } from "./stack.ts";

let stack: Stack;
let connector: Connector;
let main: { uid: string; phone: string };
const ben = "393337654321";

beforeAll(async () => {
  stack = await Stack.start();
  connector = await stack.startConnector();
  main = await stack.pair("main", "393331234567");
  await stack.phone("POST", "/phones", { phone: ben, name: "Ben" });
});

afterAll(async () => {
  await stack.stop();
});

test("a text goes out, is delivered and is read", async () => {
  const { message, replayed } = await stack.sendText(connector.url, {
    uid: main.uid,
    to: "+39 333 765 4321",
    text: "hello ☕",
  });
  expect(replayed).toBe(false);
  expect(message).toMatchObject({
    direction: "out",
    source: "api",
    chat_id: `${ben}@s.whatsapp.net`,
    phone: ben,
    type: "text",
    text: "hello ☕",
  });
  expect(message.lid).toMatch(/@lid$/);
  expect(["SENT", "DELIVERED"]).toContain(message.status);
  await stack.untilMessage({ id: message.id, status: "DELIVERED" });
  await stack.phone("POST", `/phones/${ben}/read`, { from: main.phone });
  const read = await stack.untilMessage({ id: message.id, status: "READ" });
  expect(read.read_at).not.toBeNull();
  for (const type of ["message.sent", "message.delivered", "message.read"]) {
    const events = (await stack.events(type)).filter((event) => event.data["id"] === message.id);
    expect(events).toHaveLength(1);
  }
});
