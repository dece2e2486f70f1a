import { createCipheriv, hkdfSync, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { SessionCipher } from "./cipher.ts";

const masterKey = randomBytes(32);
const label = { type: "session", id: "393331234567.0" };
const cipher = new SessionCipher({ current: masterKey }, "a");
const encrypted = cipher.encrypt(label, "secret ☕");

test("a ciphertext can be decrypted, also after a restart", () => {
  expect(new SessionCipher({ current: masterKey }, "a").decrypt(label, encrypted)).toBe(
    "secret ☕",
  );
  expect(cipher.encrypt(label, "secret ☕")).not.toBe(encrypted);
});

test("it cannot be decrypted for another session, name or key", () => {
  expect(() => new SessionCipher({ current: masterKey }, "b").decrypt(label, encrypted)).toThrow(
    /authenticate/,
  );
  expect(() => cipher.decrypt({ ...label, id: "393331234567.1" }, encrypted)).toThrow(
    /authenticate/,
  );
  expect(() =>
    new SessionCipher({ current: randomBytes(32) }, "a").decrypt(label, encrypted),
  ).toThrow(/authenticate/);
});

test("a changed or shortened ciphertext is refused", () => {
  const bytes = Buffer.from(encrypted, "base64");
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  expect(() => cipher.decrypt(label, bytes.toString("base64"))).toThrow(/authenticate/);
  expect(() => cipher.decrypt(label, encrypted.slice(0, 20))).toThrow(/truncated/);
});

test("after a rotation what the old key encrypted is read, and is to be encrypted anew", () => {
  const rotated = new SessionCipher({ current: randomBytes(32), old: masterKey }, "a");
  expect(rotated.decrypt(label, encrypted)).toBe("secret ☕");
  expect([cipher.isStale(encrypted), rotated.isStale(encrypted)]).toEqual([false, true]);
  const anew = rotated.encrypt(label, "secret ☕");
  expect(rotated.isStale(anew)).toBe(false);
  expect(() => cipher.decrypt(label, anew)).toThrow(/another ENCRYPTION_KEY/);
});

test("a ciphertext of the format without a key id is read with either key", () => {
  const key = Buffer.from(hkdfSync("sha256", masterKey, "a", "whatsapp session", 32));
  const nonce = randomBytes(12);
  const former = createCipheriv("aes-256-gcm", key, nonce);
  former.setAAD(Buffer.from(`a|${label.type}|${label.id}`));
  const body = Buffer.concat([former.update("of version 1"), former.final()]);
  const stored = Buffer.concat([Buffer.of(1), nonce, former.getAuthTag(), body]).toString("base64");
  expect(cipher.decrypt(label, stored)).toBe("of version 1");
  expect(cipher.isStale(stored)).toBe(true);
  const rotated = new SessionCipher({ current: randomBytes(32), old: masterKey }, "a");
  expect(rotated.decrypt(label, stored)).toBe("of version 1");
});
