import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { SessionCipher } from "./cipher.ts";

const masterKey = randomBytes(32);
const label = { type: "session", id: "393331234567.0" };
const cipher = new SessionCipher(masterKey, "a");
const sealed = cipher.seal(label, "secret ☕");

test("what was sealed opens, also after a restart", () => {
  expect(new SessionCipher(masterKey, "a").open(label, sealed)).toBe("secret ☕");
  expect(cipher.seal(label, "secret ☕")).not.toBe(sealed);
});

test("it opens for no other session, name or key", () => {
  expect(() => new SessionCipher(masterKey, "b").open(label, sealed)).toThrow(/authenticate/);
  expect(() => cipher.open({ ...label, id: "393331234567.1" }, sealed)).toThrow(/authenticate/);
  expect(() => new SessionCipher(randomBytes(32), "a").open(label, sealed)).toThrow(/authenticate/);
});

test("a changed or shortened ciphertext is refused", () => {
  const bytes = Buffer.from(sealed, "base64");
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  expect(() => cipher.open(label, bytes.toString("base64"))).toThrow(/authenticate/);
  expect(() => cipher.open(label, sealed.slice(0, 20))).toThrow(/cut short/);
});
