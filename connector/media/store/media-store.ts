import type { Readable } from "node:stream";
import { filePrefix, type Media } from "../../../shared/media.ts";

/** Where files of messages are kept, by a path `<tenant_id>/<session_id>/<file>`. */
export interface MediaStore {
  /** Stores a local file, whole or not at all; what was stored under the path is replaced. */
  write(path: string, file: { path: string; size: number; mimetype: string }): Promise<void>;
  /** Opens a stored file. Throws MediaMissing when there is none. */
  read(path: string): Promise<Readable>;
  /** Removes files; a missing one is no error. */
  remove(paths: string[]): Promise<void>;
}

/** The file is not, or no longer, stored. */
export class MediaMissing extends Error {
  override readonly name = "MediaMissing";
}

/** Where the file of a message is stored: its URL without `/files`, below its tenant. */
export function storedPath(tenantId: string, { url }: Media): string {
  if (url === null) throw new MediaMissing("The message has no stored file");
  return `${tenantId}/${url.slice(filePrefix.length)}`;
}
