import { generateKeyPair } from "jose";
import { beforeAll, expect, test } from "vitest";
import { signCommandToken, verifyCommandToken } from "./command-token.ts";

const request = { method: "POST", path: "/commands", body: '{"type":"stop"}' };
let keys: Awaited<ReturnType<typeof generateKeyPair>>;

beforeAll(async () => {
  keys = await generateKeyPair("EdDSA");
});

test("a token allows the request it was issued for", async () => {
  const token = await signCommandToken(keys.privateKey, request);
  await expect(verifyCommandToken(keys.publicKey, token, request)).resolves.toBeUndefined();
});

test.each([{ method: "GET" }, { path: "/other" }, { body: "{}" }])(
  "a token does not allow %j",
  async (other) => {
    const token = await signCommandToken(keys.privateKey, request);
    await expect(
      verifyCommandToken(keys.publicKey, token, { ...request, ...other }),
    ).rejects.toThrow("another request");
  },
);

test("a token of another key is refused", async () => {
  const other = await generateKeyPair("EdDSA");
  const token = await signCommandToken(other.privateKey, request);
  await expect(verifyCommandToken(keys.publicKey, token, request)).rejects.toThrow(/signature/);
});
