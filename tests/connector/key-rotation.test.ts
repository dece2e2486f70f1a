import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ciphertextPrefix } from "../../connector/keys/cipher.ts";
import { eventually, Stack } from "./stack.ts";

const rotateKey = join(import.meta.dirname, "../../connector/rotate-key.ts");
const ben = "393337654321";
const phone = "393331234567";
const newKey = randomBytes(32);
let stack: Stack;
let rotated: { ENCRYPTION_KEY: string; ENCRYPTION_KEY_OLD: string };

beforeAll(async () => {
  stack = await Stack.start();
  rotated = {
    ENCRYPTION_KEY: newKey.toString("base64"),
    ENCRYPTION_KEY_OLD: stack.encryptionKey.toString("base64"),
  };
  await stack.phone("POST", "/phones", { phone: ben, name: "Ben" });
});
afterAll(() => stack.stop());

/** How many credentials and keys of each type are under this key. */
async function countUnder(key: Buffer): Promise<Record<string, number>> {
  const { rows } = await stack.database.pool.query<{ type: string; count: number }>(
    `select type, count(*)::integer as count from (
       select 'credentials' as type, ciphertext from session_credentials
       union all select type, ciphertext from signal_keys) a
     where substring(ciphertext for 5) = $1 group by type`,
    [ciphertextPrefix(key)],
  );
  return Object.fromEntries(rows.map(({ type, count }) => [type, count]));
}

async function runRotateKey(env: Record<string, string>) {
  const ran = await promisify(execFile)(process.execPath, [rotateKey], {
    env: { ...process.env, ...stack.environment(), ...env },
  }).catch((error: { stdout: string; stderr: string }) => error);
  return { stdout: ran.stdout, stderr: ran.stderr };
}

/** A message each way, so that the stored keys are proven, not only the login. */
async function exchange(url: string, uid: string, text: string): Promise<void> {
  await stack.until("main", (session) => session.state === "connected");
  await stack.sendText(url, { uid, to: ben, text });
  await eventually(
    async () => (await stack.phoneMessages(ben)).map((message) => message.text),
    (texts) => texts.includes(text),
    "the text at Ben's phone",
  );
  await stack.phone("POST", `/phones/${ben}/messages`, {
    to: phone,
    type: "text",
    text: `re ${text}`,
  });
  await stack.untilMessage({ text: `re ${text}`, direction: "in" });
}

test("ENCRYPTION_KEY is rotated across restarts, without a scan and without losing a Signal session", async () => {
  const first = await stack.startConnector();
  const { uid } = await stack.pair("main", phone);
  await exchange(first.url, uid, "under the old key");
  await first.stop();
  expect(await countUnder(newKey)).toEqual({});

  const second = await stack.startConnector({}, rotated);
  await exchange(second.url, uid, "with both keys");
  // What was used is under the new key by now; most pre-keys were not.
  const used = await eventually(
    () => countUnder(newKey),
    (counts) => (counts["credentials"] ?? 0) === 1 && (counts["session"] ?? 0) > 0,
    "values under the new key",
  );
  expect(used["pre-key"] ?? 0).toBeLessThan(100);
  expect((await countUnder(stack.encryptionKey))["pre-key"]).toBeGreaterThan(500);

  const { stdout } = await runRotateKey(rotated);
  expect(stdout).toMatch(
    /All \d+ values are under ENCRYPTION_KEY\.\nENCRYPTION_KEY_OLD can be removed\./,
  );
  expect(await countUnder(stack.encryptionKey)).toEqual({});
  await second.stop();

  const third = await stack.startConnector({}, { ENCRYPTION_KEY: rotated.ENCRYPTION_KEY });
  await exchange(third.url, uid, "under the new key alone");
  await third.stop();
});

test("rotate-key says what it lacks, and which sessions neither key opens", async () => {
  const without = await runRotateKey({ ENCRYPTION_KEY_OLD: "" });
  expect(without.stderr).toMatch(/^ENCRYPTION_KEY_OLD: /);
  const wrong = {
    ENCRYPTION_KEY: randomBytes(32).toString("base64"),
    ENCRYPTION_KEY_OLD: randomBytes(32).toString("base64"),
  };
  expect((await runRotateKey(wrong)).stdout).toMatch(/1 sessions, which neither key decrypts/);
  expect((await countUnder(newKey))["credentials"]).toBe(1);
});
