import { afterAll, beforeAll, expect, test } from "vitest";
import { SessionCipher } from "../../connector/keys/cipher.ts";
import { decodeJson } from "../../connector/keys/json.ts";
import { Stack } from "./stack.ts";

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

/** The base keys of all Signal sessions that were ever begun, by whom they are with. */
async function baseKeys(uid: string): Promise<Record<string, string[]>> {
  const cipher = new SessionCipher({ current: stack.encryptionKey }, uid);
  const { rows } = await stack.database.pool.query<{ id: string; ciphertext: string }>(
    `select id, encode(ciphertext, 'base64') as ciphertext from signal_keys
       where session_uid = $1 and type = 'session' order by id`,
    [uid],
  );
  return Object.fromEntries(
    rows.map(({ id, ciphertext }) => {
      const record = decodeJson(cipher.decrypt({ type: "session", id }, ciphertext));
      return [id, Object.keys((record as { _sessions: object })._sessions)];
    }),
  );
}

test("another owner goes on with the Signal sessions that there are", async () => {
  const first = await stack.startConnector();
  const { uid } = await stack.pair("main", phone);
  await stack.sendText(first.url, { uid, to: ben, text: "one" });
  await stack.phone("POST", `/phones/${ben}/messages`, { to: phone, type: "text", text: "two" });
  await stack.untilMessage({ text: "two", direction: "in" });
  const before = await baseKeys(uid);
  await first.stop();

  const second = await stack.startConnector();
  await stack.until("main", (session) => session.connector_url === second.url);
  await stack.until("main", (session) => session.state === "connected");
  const { message } = await stack.sendText(second.url, { uid, to: ben, text: "three" });
  await stack.untilMessage({ id: message.id, status: "DELIVERED" });
  expect(await baseKeys(uid)).toEqual(before);
});
