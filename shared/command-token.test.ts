import { generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { isIssuedFor, signCommandToken, verifyCommandToken } from "./command-token.ts";

const session = { uid: "019ab0a1-7d3c-7000-8000-000000000001", epoch: 7 };
const request = { method: "POST", path: "/commands", body: '{"type":"stop"}', session };
const bytes = (text: string) => new TextEncoder().encode(text);
let keys: Awaited<ReturnType<typeof generateKeyPair>>;

beforeAll(async () => {
  keys = await generateKeyPair("EdDSA");
});
afterEach(() => void vi.useRealTimers());

test("a token allows the request it was issued for, and names its session", async () => {
  const token = await signCommandToken(keys.privateKey, request);
  const verified = await verifyCommandToken(keys.publicKey, token, request);
  expect(verified.session).toEqual(session);
  expect(await isIssuedFor(verified, bytes(request.body))).toBe(true);
});

test("each token has another id", async () => {
  const ids = await Promise.all(
    [1, 2].map(async () => {
      const token = await signCommandToken(keys.privateKey, request);
      return (await verifyCommandToken(keys.publicKey, token, request)).id;
    }),
  );
  expect(ids[0]).not.toBe(ids[1]);
});

test.each([{ method: "GET" }, { path: "/other" }])("a token does not allow %j", async (other) => {
  const token = await signCommandToken(keys.privateKey, request);
  await expect(verifyCommandToken(keys.publicKey, token, { ...request, ...other })).rejects.toThrow(
    "another request",
  );
});

test("a token is not valid for another body", async () => {
  const token = await signCommandToken(keys.privateKey, request);
  const verified = await verifyCommandToken(keys.publicKey, token, request);
  expect(await isIssuedFor(verified, bytes("{}"))).toBe(false);
});

test("a token of another key is refused", async () => {
  const other = await generateKeyPair("EdDSA");
  const token = await signCommandToken(other.privateKey, request);
  await expect(verifyCommandToken(keys.publicKey, token, request)).rejects.toThrow(/signature/);
});

test.each([
  [-14, true],
  [14, true],
  [-31, false],
  [31, false],
])("with clocks %i s apart a token is valid: %s", async (seconds, isValid) => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const token = await signCommandToken(keys.privateKey, request);
  vi.setSystemTime(Date.now() + seconds * 1000);
  const verified = await verifyCommandToken(keys.publicKey, token, request).then(
    () => true,
    () => false,
  );
  expect(verified).toBe(isValid);
});

test.each([
  ["expires too far ahead", { exp: 31, jti: "one" }, "more than 30 seconds"],
  ["has no id", { exp: 15 }, "jti"],
])("a token that %s is refused", async (_, { exp, ...id }: { exp: number; jti?: string }, why) => {
  const token = await new SignJWT({ htm: "POST", htu: "/commands", bh: "", ...id })
    .setProtectedHeader({ alg: "EdDSA" })
    .setAudience("connector")
    .setIssuedAt()
    .setExpirationTime(Math.ceil(Date.now() / 1000) + exp)
    .sign(keys.privateKey);
  await expect(verifyCommandToken(keys.publicKey, token, request)).rejects.toThrow(why);
});
