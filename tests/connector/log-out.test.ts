import { afterEach, beforeEach, expect, test } from "vitest";
import type { Message } from "../../shared/message.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { eventually, Stack } from "./stack.ts";

let stack: Stack;
const former = "393331234567";
const next = "393332222222";
const ben = "393337654321";

beforeEach(async () => {
  stack = await Stack.start();
  await stack.phone("POST", "/phones", { phone: ben, name: "Ben" });
  await stack.phone("POST", "/phones", { phone: next, name: "Next" });
});

afterEach(async () => {
  await stack.stop();
});

/** Sends under way; their results are of no interest here. */
async function startSends(
  url: string,
  uid: string,
  count: number,
): Promise<{ answered: Promise<unknown> }> {
  const sends = Array.from({ length: count }, (_, index) =>
    stack.sendText(url, { uid, to: ben, text: `out ${index}` }),
  );
  const answered = Promise.allSettled(sends);
  await eventually(
    async () => (await outgoing()).length,
    (stored) => stored === count + 1,
    "intents",
  );
  return { answered };
}

async function outgoing(): Promise<Message[]> {
  return stack.messages({ direction: "out", source: "api" });
}

async function unlinkDevice(): Promise<void> {
  const [device] = await stack.linkedDevices(former);
  await stack.phone("DELETE", `/phones/${former}/linked-devices/${device?.id}`);
}

/** Links the session to the other phone, sends a last message from there, and lets Ben read. */
async function pairNext(url: string, uid: string): Promise<void> {
  const shown = await stack.until("main", ({ qr }) => qr !== null);
  await stack.phone("POST", `/phones/${next}/scan`, { qr: shown.qr });
  await stack.until("main", ({ state }) => state === "connected");
  await stack.phone("POST", `/phones/${ben}/behaviour`, { online: true });
  const { message } = await stack.sendText(url, { uid, to: ben, text: "from the next" });
  await stack.untilMessage({ id: message.id, status: "DELIVERED" });
}

/** What must hold after all of it: no message from the other number, twice, or without an end. */
async function expectTruth(): Promise<void> {
  const received = await stack.phoneMessages(ben);
  const fromNext = received.filter(({ from }) => from?.startsWith(next) === true);
  expect(fromNext.map(({ text }) => text)).toEqual(["from the next"]);
  expect(new Set(received.map(({ text }) => text)).size).toBe(received.length);

  const messages = await outgoing();
  const texts = new Set(received.map(({ text }) => text));
  const failed = messages.filter(({ status }) => status === "FAILED");
  expect(failed.filter(({ error }) => error?.code !== "logged_out")).toEqual([]);
  const failedEvents = (await stack.events("message.failed")).map((event) => event.data["id"]);
  expect(failedEvents.toSorted()).toEqual(failed.map(({ id }) => id).toSorted());

  const others = messages.filter(({ status }) => status !== "FAILED");
  const isSent = ({ status, text }: Message) =>
    (status === "SENT" || status === "DELIVERED") && texts.has(text ?? "");
  expect(others.filter((message) => !isSent(message))).toEqual([]);
}

test("messages without an ack when the phone unlinks the device fail, and none leaves from the next phone", async () => {
  const connector = await stack.startConnector();
  const { uid } = await stack.pair("main", former);
  await stack.sendText(connector.url, { uid, to: ben, text: "before" });
  await stack.phone("POST", "/faults", { kind: "lose-acks", phone: former, count: null });
  // No receipts either.
  await stack.phone("POST", `/phones/${ben}/behaviour`, { online: false });
  const { answered } = await startSends(connector.url, uid, 120);
  await unlinkDevice();
  await pairNext(connector.url, uid);
  await answered;
  await expectTruth();
  expect((await outgoing()).filter(({ status }) => status === "FAILED")).toHaveLength(120);
});

test("messages that a silent network holds back when the phone unlinks the device never leave", async () => {
  const sandboxUrl = new URL(stack.sandbox.webSocketUrl);
  const network = await startTcpProxy({ host: "127.0.0.1", port: Number(sandboxUrl.port) });
  sandboxUrl.port = String(network.port);
  const connector = await stack.startConnector({}, { SANDBOX_WS_URL: sandboxUrl.href });
  const { uid } = await stack.pair("main", former);
  await stack.sendText(connector.url, { uid, to: ben, text: "before" });
  network.hang();
  const { answered } = await startSends(connector.url, uid, 120);
  await unlinkDevice();
  network.refuse();
  network.pass();
  await pairNext(connector.url, uid);
  await answered;
  await expectTruth();
  const texts = (await stack.phoneMessages(ben)).map(({ text }) => text);
  expect(texts).toEqual(["before", "from the next"]);
  await network.stop();
});

test("messages of a killed connector fail when the device was unlinked meanwhile", async () => {
  const killed = await stack.spawnConnector({ quick: true });
  const { uid } = await stack.pair("main", former);
  await stack.sendText(killed.url, { uid, to: ben, text: "before" });
  await stack.phone("POST", "/faults", { kind: "lose-acks", phone: former, count: null });
  await stack.phone("POST", `/phones/${ben}/behaviour`, { online: false });
  const { answered } = await startSends(killed.url, uid, 30);
  await killed.kill();
  await unlinkDevice();
  const connector = await stack.startConnector();
  await pairNext(connector.url, uid);
  await answered;
  await expectTruth();
  expect((await outgoing()).filter(({ status }) => status === "FAILED")).toHaveLength(30);
});
