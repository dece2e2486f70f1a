import { afterAll, beforeAll, expect, test } from "vitest";
import type { Connector } from "../../connector/connector.ts";
import type { Command } from "../../shared/command.ts";
import { Stack } from "./stack.ts";

let stack: Stack;
let connector: Connector;
let uid: string;
const ben = "393337654321";
const phone = "393331234567";

beforeAll(async () => {
  stack = await Stack.start();
  connector = await stack.startConnector();
  ({ uid } = await stack.pair("main", phone));
  await stack.phone("POST", "/phones", { phone: ben, name: "Ben" });
});

afterAll(async () => {
  await stack.stop();
});

const sendText = (text: string): Command => ({
  type: "send_text",
  session_uid: uid,
  to: ben,
  text,
});

async function post(init: RequestInit): Promise<{ status: number; code: unknown }> {
  const response = await fetch(`${connector.url}/commands`, init);
  const answer = (await response.json()) as { code?: unknown };
  return { status: response.status, code: answer.code };
}

async function received(): Promise<string[]> {
  return (await stack.phoneMessages(ben)).map(({ text }) => text ?? "");
}

test("a token is good for one command", async () => {
  const signed = await stack.signCommand(sendText("once"));
  const results = await Promise.all(Array.from({ length: 5 }, () => post(signed)));
  expect(results.map(({ status }) => status).toSorted()).toEqual([200, 401, 401, 401, 401]);
  expect(await post(signed)).toEqual({ status: 401, code: "unauthorized" });
  expect(await received()).toEqual(["once"]);
});

test("a token for an earlier epoch of the session is refused", async () => {
  const epoch = await stack.epochOf(uid);
  const early = await stack.signCommand(sendText("too early"), { epoch: epoch - 1 });
  expect(await post(early)).toEqual({ status: 409, code: "not_owner" });
  const late = await stack.signCommand(sendText("too late"), { epoch: epoch + 1 });
  expect(await post(late)).toEqual({ status: 409, code: "not_owner" });
  expect(await received()).toEqual(["once"]);
});

test("a token for another session does not allow a command", async () => {
  const other = await stack.pair("other", "393330000002");
  const body = JSON.stringify(sendText("from another session"));
  const signed = await stack.signBody(body, {
    uid: other.uid,
    epoch: await stack.epochOf(other.uid),
  });
  expect(await post(signed)).toEqual({ status: 401, code: "unauthorized" });
});

test("a token does not allow another body, nor one above 1 MB", async () => {
  const signed = await stack.signCommand(sendText("as signed"));
  expect(await post({ ...signed, body: JSON.stringify(sendText("changed")) })).toEqual({
    status: 401,
    code: "unauthorized",
  });
  const large = await stack.signCommand(sendText("x".repeat(1_000_001)));
  expect(await post(large)).toEqual({ status: 413, code: "payload_too_large" });
  expect(await received()).toEqual(["once"]);
});

test("large bodies without a token are refused at once and delay no send", async () => {
  const chunk = new Uint8Array(1_000_000);
  let sentBytes = 0;
  const flood = Array.from({ length: 10 }, async (_, index) => {
    let chunks = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (chunks++ === 100) return controller.close();
        sentBytes += chunk.length;
        controller.enqueue(chunk);
      },
    });
    const path = index % 2 === 0 ? "/commands" : "/uploads";
    const init: RequestInit & { duplex: "half" } = { method: "POST", body, duplex: "half" };
    return (await fetch(`${connector.url}${path}`, init)).status;
  });
  const startedAt = performance.now();
  const { message } = await stack.sendText(connector.url, { uid, to: ben, text: "meanwhile" });
  const sendMs = performance.now() - startedAt;
  const settled = await Promise.allSettled(flood);
  // A client that writes on may see the connection close before it reads the answer.
  const statuses = settled.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  expect(new Set(statuses)).toEqual(new Set([401]));
  expect(message.status).toBe("SENT");
  expect(sendMs).toBeLessThan(2000);
  expect(sentBytes).toBeLessThan(100_000_000);
});
