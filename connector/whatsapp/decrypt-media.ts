import { createDecipheriv, createHash, createHmac } from "node:crypto";
import { getMediaKeys, type MediaType } from "@whiskeysockets/baileys";

/** A file ends with this many bytes of an HMAC-SHA-256. */
const macBytes = 10;

/** The file is not the one that its message promises. */
export class DamagedFile extends Error {
  override readonly name = "DamagedFile";
}

export interface FileKeys {
  mediaKey: Uint8Array;
  mediaType: MediaType;
  /** Of the decrypted and of the encrypted file; undefined when the message does not say. */
  sha256: Uint8Array | undefined;
  encryptedSha256: Uint8Array | undefined;
}

/**
 * Decrypts a file of WhatsApp (AES-256-CBC, then a MAC) while it arrives. After its last piece the MAC
 * and both hashes are compared: throws DamagedFile then, so nothing of it may be used before the end.
 */
export async function* decrypt(
  source: AsyncIterable<Uint8Array>,
  keys: FileKeys,
): AsyncGenerator<Uint8Array> {
  const { iv, cipherKey, macKey } = await getMediaKeys(keys.mediaKey, keys.mediaType);
  if (!macKey) throw new Error("The media key has no MAC key");
  const decipher = createDecipheriv("aes-256-cbc", cipherKey, iv);
  const mac = createHmac("sha256", macKey).update(iv);
  const encryptedHash = createHash("sha256");
  const plainHash = createHash("sha256");
  let held = Buffer.alloc(0);
  for await (const chunk of source) {
    encryptedHash.update(chunk);
    const bytes = Buffer.concat([held, chunk]);
    // The last bytes that came so far may be the MAC.
    const length = Math.max(0, bytes.length - macBytes);
    held = bytes.subarray(length);
    const ciphertext = bytes.subarray(0, length);
    mac.update(ciphertext);
    const plaintext = decipher.update(ciphertext);
    plainHash.update(plaintext);
    if (plaintext.length > 0) yield plaintext;
  }
  if (!held.equals(mac.digest().subarray(0, macBytes))) throw new DamagedFile("wrong MAC");
  let last: Buffer;
  try {
    last = decipher.final();
  } catch (cause) {
    throw new DamagedFile("wrong padding", { cause });
  }
  plainHash.update(last);
  requireHash("encrypted file", encryptedHash.digest(), keys.encryptedSha256);
  requireHash("file", plainHash.digest(), keys.sha256);
  if (last.length > 0) yield last;
}

function requireHash(what: string, actual: Buffer, expected: Uint8Array | undefined): void {
  if (expected !== undefined && !actual.equals(expected)) {
    throw new DamagedFile(`wrong hash of the ${what}`);
  }
}
