import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SessionCipher } from "../../connector/keys/cipher.ts";
import { decodeJson } from "../../connector/keys/json.ts";
import { KeyStore } from "../../connector/keys/key-store.ts";
import { credentialsSchema } from "../../connector/whatsapp/auth-state.ts";
import { createDeviceCaches } from "../../connector/whatsapp/device-caches.ts";
import { createDeviceLocks } from "../../connector/whatsapp/device-locks.ts";
import { WhatsAppConnection } from "../../connector/whatsapp/connection.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { eventually, Stack } from "./stack.ts";

let stack: Stack;
let proxy: TcpProxy;

beforeAll(async () => {
  stack = await Stack.start();
  const sandboxUrl = new URL(stack.sandbox.webSocketUrl);
  const { hostname, port } = new URL(sandboxUrl);
  proxy = await startTcpProxy({ host: hostname, port: Number(port) });
  sandboxUrl.port = String(proxy.port);
  await stack.startConnector(
    { pingEveryMs: 300, silenceMs: 800, watchEveryMs: 100 },
    { SANDBOX_WS_URL: sandboxUrl.href },
  );
});

afterAll(async () => {
  await stack.stop();
  await proxy.stop();
});

test("a network that went silent is noticed, and the session comes back by itself", async () => {
  await stack.pair("silent", "393331000001");
  proxy.hang();
  const gone = await stack.until("silent", (session) => session.state === "reconnecting");
  expect(gone.state).toBe("reconnecting");
  proxy.pass();
  await stack.until("silent", (session) => session.state === "connected");
  const states = [
    ...(await stack.events("session.disconnected")),
    ...(await stack.events("session.connected")),
  ];
  expect(states.map((event) => event.type).toSorted()).toEqual([
    "session.connected",
    "session.connected",
    "session.disconnected",
  ]);
});

test("replaced by another connection of the same device, it stays away", async () => {
  const { uid } = await stack.pair("replaced", "393331000002");
  const thief = await connectAs(uid);
  const stopped = await stack.until("replaced", (session) => session.state === "disconnected");
  expect(stopped).toMatchObject({ desired: "disconnected", connector_id: null });
  const events = await stack.events("session.disconnected");
  expect(events.at(-1)).toMatchObject({
    session_id: "replaced",
    data: { reason: "replaced", code: 440, last_disconnect: { reason: "replaced", code: 440 } },
  });
  thief.terminate();
});

test("replaced soon after it was taken over, a session comes back", async () => {
  const { uid } = await stack.pair("taken", "393331000003");
  await stack.database.pool.query(
    "update whatsapp_sessions set connector_id = null where uid = $1",
    [uid],
  );
  const taken = await eventually(
    () => stack.epochOf(uid),
    (epoch) => epoch > 1,
    "a new epoch",
  );
  await stack.until("taken", (session) => session.state === "connected");
  await connectAs(uid);
  await eventually(
    () => stack.events("session.disconnected"),
    (events) =>
      events.some((event) => event.session_id === "taken" && event.data["reason"] === "replaced"),
    "the end of its connection",
  );
  const back = await stack.until("taken", (session) => session.state === "connected");
  expect(back).toMatchObject({ desired: "connected", epoch: taken });
});

test("what the network does not answer is not retried without a pause, and is named", async () => {
  proxy.refuse();
  await stack.createSession("unreachable");
  const { last_disconnect: last } = await stack.until(
    "unreachable",
    (session) => session.last_disconnect !== null,
  );
  expect(last).toMatchObject({
    reason: "unreachable",
    detail: expect.stringContaining("The sandbox network cannot be reached"),
  });
  await stack.phone("POST", "/phones", { phone: "393331000004", name: "Later" });
  proxy.pass();
  const { last_disconnect: after } = await stack.until(
    "unreachable",
    (session) => session.state === "qr",
  );
  expect(after).toBeNull();
});

test.each([
  [402, "temporarily_banned", "Open WhatsApp on the phone"],
  [405, "client_outdated", "Set WA_WEB_VERSION"],
])("refused with %i, a session stops and says what to do", async (code, reason, detail) => {
  const phone = `3933310010${code}`;
  await stack.pair(`refused-${code}`, phone);
  await stack.phone("POST", "/faults", { kind: "refuse-login", code, phone });
  await stack.phone("POST", "/faults", { kind: "drop-sockets", phone });
  const stopped = await stack.until(`refused-${code}`, ({ state }) => state === "disconnected");
  expect(stopped).toMatchObject({
    desired: "disconnected",
    last_disconnect: { reason, code, detail: expect.stringContaining(detail) },
  });
});

/** Connects with the credentials of a session, as somebody does who copied them. */
async function connectAs(uid: string): Promise<WhatsAppConnection> {
  const { rows } = await stack.database.pool.query<{ ciphertext: string }>(
    "select encode(ciphertext, 'base64') as ciphertext from session_credentials where session_uid = $1",
    [uid],
  );
  const cipher = new SessionCipher({ current: stack.encryptionKey }, uid);
  const stored = cipher.decrypt({ type: "credentials", id: "" }, rows[0]?.ciphertext ?? "");
  return new WhatsAppConnection({
    target: { network: "sandbox", url: stack.sandbox.webSocketUrl, rootKey: undefined },
    credentials: credentialsSchema.parse(decodeJson(stored)),
    keys: new KeyStore({
      cipher,
      limit: 100,
      empty: true,
      load: async () => [],
      commit: async () => undefined,
    }),
    caches: createDeviceCaches(),
    locks: createDeviceLocks(),
    pingEveryMs: 20_000,
    closeMs: 1000,
    log: pino({ level: "silent" }),
    handlers: {
      onQr: () => undefined,
      onPaired: async () => undefined,
      onOpen: () => undefined,
      onClose: () => undefined,
      onCredentials: () => undefined,
      onMessage: () => undefined,
      isStored: async () => false,
      onReceipts: async () => undefined,
      onAck: () => undefined,
      loadContent: async () => null,
    },
  });
}
