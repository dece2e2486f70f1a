import crypto, {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  KeyObject,
} from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { hmacSign } from "@whiskeysockets/baileys";
import { expect, test } from "vitest";
import { Contact } from "../testing/contact.ts";
import { TestSocket } from "../testing/test-socket.ts";
import { useSecretKeyObjects } from "./secret-key-objects.ts";

const key = Buffer.alloc(32, 7);
const nonce = Buffer.alloc(12, 1);
const text = Buffer.from("text");

function sealed(): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

function results() {
  const whole = sealed();
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: 16 });
  decipher.setAuthTag(whole.subarray(-16));
  return {
    sealed: whole.toString("hex"),
    opened: decipher.update(whole.subarray(0, -16), undefined, "utf8") + decipher.final("utf8"),
    bytes: createHmac("sha256", key).update(text).digest("hex"),
    noBytes: createHmac("sha256", Buffer.alloc(0)).update(text).digest("hex"),
    letters: createHmac("sha256", "key").update(text).digest("hex"),
    keyObject: createHmac("sha256", createSecretKey(key)).update(text).digest("hex"),
    ofBaileys: hmacSign(text, key).toString("hex"),
  };
}

/** Replaces Node's functions by ones that record the keys they get, under the patch. */
function recordKeys(): { function: string; key: unknown }[] {
  const recorded: { function: string; key: unknown }[] = [];
  for (const name of ["createCipheriv", "createHmac"] as const) {
    const original = crypto[name];
    Reflect.set(crypto, name, (algorithm: string, key: unknown, ...rest: unknown[]): unknown => {
      recorded.push({ function: name, key });
      return Reflect.apply(original, crypto, [algorithm, key, ...rest]);
    });
  }
  syncBuiltinESMExports();
  return recorded;
}

const recorded = recordKeys();

test("the result is the same for keys given as bytes, text or key objects", () => {
  const before = results();
  const original = createHmac;
  useSecretKeyObjects();
  expect(createHmac).not.toBe(original);
  expect(crypto.createHmac).toBe(createHmac);
  expect(results()).toEqual(before);
});

test("Baileys and libsignal reach the patched functions, so that Node gets key objects", async () => {
  useSecretKeyObjects();
  recorded.length = 0;
  hmacSign(text, key);
  expect(recorded).toHaveLength(1);

  const opened = await TestSocket.open();
  const contact = new Contact();
  await contact.meet(opened);
  recorded.length = 0;
  await contact.write("1", "hello");
  await opened.close();
  expect(new Set(recorded.map((call) => call.function))).toEqual(
    new Set(["createCipheriv", "createHmac"]),
  );
  expect(recorded.filter((call) => !(call.key instanceof KeyObject))).toEqual([]);
});

test("a key of a wrong length is still refused", () => {
  useSecretKeyObjects();
  expect(() => createCipheriv("aes-256-gcm", key.subarray(1), nonce)).toThrow("Invalid key length");
});
