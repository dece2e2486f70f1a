import { createCipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { getMediaKeys } from "@whiskeysockets/baileys";
import { expect, test } from "vitest";
import { DamagedFile, decrypt, type FileKeys } from "./decrypt-media.ts";

const mediaKey = randomBytes(32);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();

async function encrypt(plain: Buffer): Promise<{ encrypted: Buffer; keys: FileKeys }> {
  const { iv, cipherKey, macKey } = await getMediaKeys(mediaKey, "image");
  const cipher = createCipheriv("aes-256-cbc", cipherKey, iv);
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  const mac = createHmac("sha256", macKey ?? "")
    .update(iv)
    .update(body)
    .digest();
  const encrypted = Buffer.concat([body, mac.subarray(0, 10)]);
  const encryptedSha256 = sha256(encrypted);
  return {
    encrypted,
    keys: { mediaKey, mediaType: "image", sha256: sha256(plain), encryptedSha256 },
  };
}

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size)
    yield bytes.subarray(start, start + size);
}

async function all(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test.each([1, 7, 16, 1000, 100_000])("decrypts a file that comes in pieces of %i", async (size) => {
  for (const length of [0, 1, 15, 16, 5000]) {
    const plain = randomBytes(length);
    const { encrypted, keys } = await encrypt(plain);
    expect((await all(decrypt(pieces(encrypted, size), keys))).equals(plain)).toBe(true);
  }
});

test.each(["first", "last"])("refuses a file whose %s byte was changed", async (which) => {
  const { encrypted, keys } = await encrypt(randomBytes(5000));
  const index = which === "first" ? 0 : encrypted.length - 1;
  encrypted[index] = (encrypted[index] ?? 0) ^ 1;
  await expect(all(decrypt(pieces(encrypted, 999), keys))).rejects.toThrow(DamagedFile);
});

test("refuses a file that was cut off, and one that the message does not describe", async () => {
  const { encrypted, keys } = await encrypt(randomBytes(5000));
  for (const length of [0, 5, 16, 4000]) {
    const cut = encrypted.subarray(0, length);
    await expect(all(decrypt(pieces(cut, 999), keys))).rejects.toThrow(DamagedFile);
  }
  const other = { ...keys, sha256: randomBytes(32) };
  await expect(all(decrypt(pieces(encrypted, 999), other))).rejects.toThrow("wrong hash");
});
