/** The kinds of media, as `/mms/:kind` and the derivation of the keys name them. */
export const mediaKinds = ["image", "video", "audio", "document", "sticker"] as const;
export type MediaKind = (typeof mediaKinds)[number];

const mib = 1024 * 1024;
/** What encryption adds at most: a block of padding and the MAC. */
const overheadBytes = 26;

/** The largest encrypted file that the server takes. WhatsApp: 16 MB, and 2 GB for documents. */
export function uploadLimit(kind: string): number {
  return (kind === "document" ? 2048 * mib : 16 * mib) + overheadBytes;
}
