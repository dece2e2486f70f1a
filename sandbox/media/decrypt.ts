import { createDecipheriv, createHash, createHmac } from "node:crypto";
import type { MediaCheck, MediaError } from "../store/messages.ts";
import { deriveKeys, macBytes, type MediaKey } from "./derive-keys.ts";
import type { MediaStore, StoredMedia } from "./media-store.ts";

/** What a message says about its file. */
export interface ExpectedMedia extends MediaKey {
  /** Bytes of the plaintext. */
  size: number;
  sha256: Uint8Array;
  encSha256: Uint8Array;
}

/** Decrypts a file and compares it with its message. Throws only if it cannot be read. */
export async function checkMedia(
  files: MediaStore,
  file: StoredMedia | undefined,
  expected: ExpectedMedia,
): Promise<MediaCheck> {
  if (!file || !(await files.has(file.encSha256))) {
    return { size: null, sha256: null, error: "not_found" };
  }
  const { iv, cipherKey, macKey } = deriveKeys(expected);
  const mac = createHmac("sha256", macKey).update(iv);
  const decipher = createDecipheriv("aes-256-cbc", cipherKey, iv);
  const plainHash = createHash("sha256");
  let size = 0;
  const add = (plaintext: Buffer) => {
    size += plaintext.length;
    plainHash.update(plaintext);
  };
  let isPadded = true;
  for await (const chunk of ciphertext(files, file)) {
    mac.update(chunk);
    add(decipher.update(chunk));
  }
  try {
    add(decipher.final());
  } catch {
    isPadded = false;
  }
  const sha256 = plainHash.digest();
  const isAuthentic = (await readMac(files, file)).equals(mac.digest().subarray(0, macBytes));
  const error = firstError([
    ["wrong_encrypted_hash", file.encSha256 === Buffer.from(expected.encSha256).toString("hex")],
    ["wrong_mac", isAuthentic],
    ["undecryptable", isPadded],
    ["wrong_hash", sha256.equals(expected.sha256)],
    ["wrong_size", size === expected.size],
  ]);
  return { size, sha256: sha256.toString("hex"), error };
}

/** The decrypted bytes. Throws if the file cannot be decrypted with this key. */
export async function* decryptMedia(
  files: MediaStore,
  file: StoredMedia,
  key: MediaKey,
): AsyncGenerator<Buffer> {
  const { iv, cipherKey } = deriveKeys(key);
  const decipher = createDecipheriv("aes-256-cbc", cipherKey, iv);
  for await (const chunk of ciphertext(files, file)) yield decipher.update(chunk);
  yield decipher.final();
}

async function* ciphertext(files: MediaStore, file: StoredMedia): AsyncGenerator<Buffer> {
  const end = file.size - macBytes - 1;
  if (end < 0) return;
  for await (const chunk of files.read(file.encSha256, { start: 0, end })) yield asBuffer(chunk);
}

async function readMac(files: MediaStore, file: StoredMedia): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const start = Math.max(0, file.size - macBytes);
  for await (const chunk of files.read(file.encSha256, { start })) chunks.push(asBuffer(chunk));
  return Buffer.concat(chunks);
}

/** A file stream without an encoding yields buffers. */
function asBuffer(chunk: unknown): Buffer {
  if (chunk instanceof Buffer) return chunk;
  throw new TypeError("the stream has an encoding");
}

function firstError(checks: [MediaError, boolean][]): MediaError | null {
  return checks.find(([, holds]) => !holds)?.[0] ?? null;
}
