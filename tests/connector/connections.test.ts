import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SessionCipher } from "../../connector/keys/cipher.ts";
import { decodeJson } from "../../connector/keys/json.ts";
import { KeyStore } from "../../connector/keys/key-store.ts";
import { credentialsSchema } from "../../connector/whatsapp/auth-state.ts";
import { createDeviceCaches } from "../../connector/whatsapp/device-caches.ts";
import { WhatsAppConnection } from "../../connector/whatsapp/connection.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { Stack } from "./stack.ts";

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

/** Connects with the credentials of a session, as somebody does who copied them. */
async function connectAs(uid: string): Promise<WhatsAppConnection> {
  const { rows } = await stack.database.pool.query<{ ciphertext: string }>(
    "select encode(ciphertext, 'base64') as ciphertext from session_credentials where session_uid = $1",
    [uid],
  );
  const cipher = new SessionCipher(stack.encryptionKey, uid);
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
