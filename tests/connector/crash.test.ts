import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, Stack } from "./stack.ts";

let stack: Stack;
const ben = "393337654321";
const phone = "393331234567";

beforeAll(async () => {
  stack = await Stack.start();
  await stack.phone("POST", "/phones", { phone: ben, name: "Ben" });
});

afterAll(async () => {
  await stack.stop();
});

async function textsAt(reader: string): Promise<(string | undefined)[]> {
  return (await stack.phoneMessages(reader)).map(({ text }) => text);
}

test("killed in the middle of messages, another takes over and nothing is lost", async () => {
  const first = await stack.spawnConnector({ quick: true });
  const { uid } = await stack.pair("main", phone);
  await stack.sendText(first.url, { uid, to: ben, text: "before" });
  await stack.phone("POST", `/phones/${ben}/messages`, { to: phone, type: "text", text: "warm" });
  await stack.untilMessage({ text: "warm", direction: "in" });

  // Five each way under way, of which nobody knows how far they came when the kill comes.
  const sending = Array.from({ length: 5 }, (_, index) =>
    stack.sendText(first.url, { uid, to: ben, text: `out ${index}`, key: `key ${index}` }),
  );
  const writing = Array.from({ length: 5 }, (_, index) =>
    stack.phone("POST", `/phones/${ben}/messages`, {
      to: phone,
      type: "text",
      text: `in ${index}`,
    }),
  );
  await Promise.any(sending);
  await first.kill();
  await Promise.allSettled([...sending, ...writing]);

  const second = await stack.startConnector();
  const taken = await eventually(
    () => stack.locate("main"),
    (session) => session.state === "connected" && session.connector_url === second.url,
    "the takeover",
  );
  expect(taken.qr).toBeNull();

  // Asked again with their keys, all five are there, each once.
  for (let index = 0; index < 5; index += 1) {
    await stack.sendText(second.url, { uid, to: ben, text: `out ${index}`, key: `key ${index}` });
  }
  await eventually(
    async () => (await stack.messages({ direction: "out", source: "api" })).map((m) => m.status),
    (states) => states.length === 6 && states.every((state) => state === "DELIVERED"),
    "deliveries",
  );
  const atBen = await textsAt(ben);
  for (let index = 0; index < 5; index += 1) {
    expect(atBen.filter((text) => text === `out ${index}`)).toHaveLength(1);
  }

  await eventually(
    async () => (await stack.messages({ direction: "in" })).map((message) => message.text),
    (texts) => texts.length === 6,
    "arrivals",
  );
  const received = (await stack.events("message.received")).map((event) => event.data["text"]);
  expect(received.toSorted()).toEqual(["in 0", "in 1", "in 2", "in 3", "in 4", "warm"]);

  // And both ways go on with the same keys.
  await stack.phone("POST", `/phones/${ben}/messages`, { to: phone, type: "text", text: "after" });
  await stack.untilMessage({ text: "after", direction: "in" });
});

test("asked to end, it hands its sessions over without waiting for its lease", async () => {
  await stack.stopConnectors();
  const leaving = await stack.spawnConnector({ quick: false });
  await stack.until(
    "main",
    (session) => session.state === "connected" && session.connector_url === leaving.url,
  );
  const next = await stack.startConnector();
  const askedAt = performance.now();
  expect(await leaving.term()).toBe(0);
  const taken = await stack.until(
    "main",
    (session) => session.state === "connected" && session.connector_url === next.url,
  );
  expect(taken.qr).toBeNull();
  expect(performance.now() - askedAt).toBeLessThan(8000);
});
