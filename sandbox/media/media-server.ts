import type { MediaStore } from "./media-store.ts";
import type { UploadTokens } from "./upload-tokens.ts";

/** The media server, as the rest of the network uses it. */
export interface MediaServer {
  readonly files: MediaStore;
  readonly tokens: UploadTokens;
  /** `host:port` of the HTTPS server, as clients reach it. */
  host: string;
  /** PEM. Its key issued the certificate of the HTTPS server. */
  readonly caCertificate: string;
}

/** Where a client downloads a file: `directPath` is also part of the message. */
export function downloadAddress(host: string, path: string) {
  // Some clients append further parameters with `&`.
  const directPath = `${path}?ccb=11-4`;
  return { url: `https://${host}${directPath}&mms3=true`, directPath };
}

/** The inverse: the path of a direct path, without its parameters. */
export function pathOf(directPath: string): string {
  return directPath.split("?", 1)[0] ?? "";
}
