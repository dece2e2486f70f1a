import crypto, { createCipheriv, createDecipheriv, createHmac, createSecretKey } from "node:crypto";
import { hmacSign } from "@whiskeysockets/baileys";
import { expect, test } from "vitest";
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

test("what is made with keys given as bytes, letters or objects stays the same", () => {
  const before = results();
  const original = createHmac;
  useSecretKeyObjects();
  expect(createHmac).not.toBe(original);
  expect(crypto.createHmac).toBe(createHmac);
  expect(results()).toEqual(before);
});

test("a key of a wrong length is still refused", () => {
  useSecretKeyObjects();
  expect(() => createCipheriv("aes-256-gcm", key.subarray(1), nonce)).toThrow("Invalid key length");
});
