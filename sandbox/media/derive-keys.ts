import { hkdf, hkdfInfoKey } from "@whiskeysockets/baileys";
import type { MediaKind } from "./media-kind.ts";

/** What a message says about the encryption of its file. */
export interface MediaKey {
  mediaKey: Uint8Array;
  kind: MediaKind;
}

/** The keys of a file, derived from its media key. Each kind of media derives others. */
export function deriveKeys({ mediaKey, kind }: MediaKey) {
  const expanded = Buffer.from(hkdf(mediaKey, 112, { info: hkdfInfoKey(kind) }));
  return {
    iv: expanded.subarray(0, 16),
    cipherKey: expanded.subarray(16, 48),
    macKey: expanded.subarray(48, 80),
  };
}

/** A file ends with this many bytes of an HMAC-SHA-256. */
export const macBytes = 10;
