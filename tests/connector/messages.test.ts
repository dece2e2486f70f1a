import { afterAll, beforeAll, expect, test } from "vitest";
import type { Connector } from "../../connector/connector.ts";
import { eventually, Stack } from "./stack.ts";

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

test("a key sends once, however often and however close together it is asked", async () => {
  const request = { uid: main.uid, to: ben, text: "once", key: "key-1" };
  const answers = await Promise.all([
    stack.sendText(connector.url, request),
    stack.sendText(connector.url, request),
  ]);
  answers.push(await stack.sendText(connector.url, request));
  expect(new Set(answers.map(({ message }) => message.id)).size).toBe(1);
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
  await stack.untilMessage({ text: "once", status: "DELIVERED" });
  const received = await stack.phoneMessages(ben);
  expect(received.filter(({ text }) => text === "once")).toHaveLength(1);

  await expect(
    stack.sendText(connector.url, { ...request, text: "another" }),
  ).rejects.toMatchObject({ status: 422, code: "idempotency_mismatch" });
});

test("a repeated request leaves the Signal sessions as they are", async () => {
  const signalSessions = async () => {
    const { rows } = await stack.database.pool.query<{ id: string; ciphertext: string }>(
      `select id, encode(ciphertext, 'base64') as ciphertext from signal_keys
         where session_uid = $1 and type = 'session' order by id`,
      [main.uid],
    );
    return rows;
  };
  const request = { uid: main.uid, to: ben, text: "repeated", key: "key-2" };
  const { message } = await stack.sendText(connector.url, request);
  await stack.untilMessage({ id: message.id, status: "DELIVERED" });
  const before = await signalSessions();
  expect(await stack.sendText(connector.url, request)).toMatchObject({ replayed: true });
  expect(await signalSessions()).toEqual(before);
});

test("a number that is not on WhatsApp is said to be so, and leaves no message", async () => {
  await expect(
    stack.sendText(connector.url, { uid: main.uid, to: "393339999999", text: "nobody" }),
  ).rejects.toMatchObject({ status: 422, code: "not_on_whatsapp" });
  expect(await stack.messages({ text: "nobody" })).toEqual([]);
});

test("texts that a phone writes are stored with an event each, in order", async () => {
  const texts = Array.from({ length: 5 }, (_, index) => `hi ${index}`);
  for (const text of texts) {
    await stack.phone("POST", `/phones/${ben}/messages`, { to: main.phone, type: "text", text });
  }
  const last = await stack.untilMessage({ text: "hi 4", direction: "in" });
  expect(last).toMatchObject({
    status: "RECEIVED",
    source: "contact",
    chat_id: `${ben}@s.whatsapp.net`,
    phone: ben,
    type: "text",
  });
  expect(last.lid).toMatch(/@lid$/);
  const events = await stack.events("message.received");
  expect(events.map((event) => event.data["text"])).toEqual(texts);
  expect(events[0]?.data).toMatchObject({ from: ben, to: main.phone, message: "hi 0" });
});

test("what the phone itself sends is stored as its own", async () => {
  await stack.phone("POST", `/phones/${main.phone}/messages`, {
    to: ben,
    type: "text",
    text: "from the phone",
  });
  expect(await stack.untilMessage({ text: "from the phone" })).toMatchObject({
    direction: "out",
    source: "phone",
    status: "SENT",
    chat_id: `${ben}@s.whatsapp.net`,
    phone: ben,
  });
});

test("two sessions talk to each other at once, both ways", async () => {
  const other = await stack.pair("other", "393335550000");
  const ping = (text: string) =>
    stack.sendText(connector.url, { uid: main.uid, to: other.phone, text: `ping ${text}` });
  const pong = (text: string) =>
    stack.sendText(connector.url, { uid: other.uid, to: main.phone, text: `pong ${text}` });
  const received = (phone: string, count: number) =>
    eventually(
      async () => (await stack.messages({ direction: "in", phone })).length,
      (stored) => stored === count,
      `messages of ${phone}`,
    );
  // One after the other first: Signal sessions that both sides begin at once take long to settle.
  await ping("first");
  await received(main.phone, 1);
  await pong("first");
  await received(other.phone, 1);

  const numbers = Array.from({ length: 30 }, String);
  await Promise.all(numbers.map((number) => Promise.all([ping(number), pong(number)])));
  expect(await received(main.phone, 31)).toBe(31);
  expect(await received(other.phone, 31)).toBe(31);
});

test("a command without a good token, or for a session held elsewhere, is refused", async () => {
  const bare = await fetch(`${connector.url}/commands`, { method: "POST", body: "{}" });
  expect(bare.status).toBe(401);
  await expect(
    stack.command(connector.url, { type: "stop", session_uid: crypto.randomUUID() }),
  ).rejects.toMatchObject({ status: 409, code: "not_owner" });
});

test("it tells how it is and what it counted", async () => {
  const health = await fetch(`${connector.url}/health`);
  expect(await health.json()).toMatchObject({ status: "ok", ready: true, sessions: 2 });
  expect((await fetch(`${connector.url}/ready`)).status).toBe(200);
  const metrics = await (await fetch(connector.metricsUrl)).text();
  expect(metrics).toMatch(/connector_sessions\{state="connected"\} 2/);
  expect((await fetch(`${connector.url}/metrics`)).status).toBe(404);
  expect(metrics).toMatch(/connector_sends_total\{outcome="SENT"\} \d+/);
});
