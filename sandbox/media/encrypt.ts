import { createCipheriv, createHash, createHmac } from "node:crypto";
import { deriveKeys, macBytes, type MediaKey } from "./derive-keys.ts";

export interface EncryptedMedia {
  /** Ends with the MAC. */
  ciphertext: AsyncGenerator<Buffer>;
  /** Of the plaintext; only once the ciphertext has been read. */
  sha256: () => Buffer;
}

/** Encrypts a file as WhatsApp does: AES-256-CBC, then the first 10 bytes of an HMAC-SHA-256. */
export function encryptMedia(plaintext: AsyncIterable<Uint8Array>, key: MediaKey): EncryptedMedia {
  const { iv, cipherKey, macKey } = deriveKeys(key);
  const cipher = createCipheriv("aes-256-cbc", cipherKey, iv);
  const mac = createHmac("sha256", macKey).update(iv);
  const plainHash = createHash("sha256");
  async function* encrypt(): AsyncGenerator<Buffer> {
    for await (const chunk of plaintext) {
      plainHash.update(chunk);
      const encrypted = cipher.update(chunk);
      mac.update(encrypted);
      yield encrypted;
    }
    const last = cipher.final();
    yield Buffer.concat([last, mac.update(last).digest().subarray(0, macBytes)]);
  }
  return { ciphertext: encrypt(), sha256: () => plainHash.digest() };
}
