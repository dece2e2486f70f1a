import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { SessionCipher } from "./cipher.ts";

const masterKey = randomBytes(32);
const label = { type: "session", id: "393331234567.0" };
const cipher = new SessionCipher(masterKey, "a");
const encrypted = cipher.encrypt(label, "secret ☕");

test("a ciphertext can be decrypted, also after a restart", () => {
  expect(new SessionCipher(masterKey, "a").decrypt(label, encrypted)).toBe("secret ☕");
  expect(cipher.encrypt(label, "secret ☕")).not.toBe(encrypted);
});

test("it cannot be decrypted for another session, name or key", () => {
  expect(() => new SessionCipher(masterKey, "b").decrypt(label, encrypted)).toThrow(/authenticate/);
  expect(() => cipher.decrypt({ ...label, id: "393331234567.1" }, encrypted)).toThrow(
    /authenticate/,
  );
  expect(() => new SessionCipher(randomBytes(32), "a").decrypt(label, encrypted)).toThrow(
    /authenticate/,
  );
});

test("a changed or shortened ciphertext is refused", () => {
  const bytes = Buffer.from(encrypted, "base64");
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  expect(() => cipher.decrypt(label, bytes.toString("base64"))).toThrow(/authenticate/);
  expect(() => cipher.decrypt(label, encrypted.slice(0, 20))).toThrow(/truncated/);
});
