import { createHash, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

/** A file that is being prepared, on the connector's disk. */
export interface TemporaryFile {
  path: string;
  size: number;
  /** Hex. */
  sha256: string;
}

/** A path for a file that its creator removes. */
export function temporaryPath(extension = ""): string {
  return join(tmpdir(), `whatsapp-media-${randomUUID()}${extension}`);
}

export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
}

/** The source went on beyond the limit. */
export class FileTooLarge extends Error {
  override readonly name = "FileTooLarge";
}

/**
 * Writes a source to a temporary file, piece by piece. Nothing is left of it when the source fails.
 * Throws FileTooLarge as soon as it exceeds the limit.
 */
export async function writeTemporaryFile(
  source: AsyncIterable<Uint8Array>,
  { maxBytes, signal }: { maxBytes: number; signal?: AbortSignal },
): Promise<TemporaryFile> {
  const path = temporaryPath();
  const hash = createHash("sha256");
  let size = 0;
  async function* measure() {
    for await (const chunk of source) {
      size += chunk.length;
      if (size > maxBytes) throw new FileTooLarge(`The file is larger than ${maxBytes} bytes`);
      hash.update(chunk);
      yield chunk;
    }
  }
  try {
    await pipeline(measure, createWriteStream(path), signal === undefined ? {} : { signal });
  } catch (error) {
    await removeFile(path);
    throw error;
  }
  return { path, size, sha256: hash.digest("hex") };
}
