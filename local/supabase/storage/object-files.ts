import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { copyFile, mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { storageError } from "./storage-error.ts";

/**
 * Stores the contents of objects. A file is named after the version of its object, a random id, so
 * that names chosen by users never reach the file system.
 */
export class ObjectFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Stores a new version atomically: the file appears only once it is complete. */
  async write(
    content: Readable | Buffer,
    maxBytes: number,
  ): Promise<{ version: string; size: number }> {
    const version = randomUUID();
    const target = this.#path(version);
    const partial = `${target}.part`;
    await mkdir(join(target, ".."), { recursive: true });
    let size = 0;
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        size += chunk.length;
        if (size > maxBytes) done(storageError("EntityTooLarge"));
        else done(null, chunk);
      },
    });
    try {
      const source = Buffer.isBuffer(content) ? Readable.from([content]) : content;
      await pipeline(source, measure, createWriteStream(partial, { flush: true }));
      await rename(partial, target);
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
    return { version, size };
  }

  async copy(version: string): Promise<string> {
    const next = randomUUID();
    await mkdir(join(this.#path(next), ".."), { recursive: true });
    await copyFile(this.#path(version), this.#path(next));
    return next;
  }

  async size(version: string): Promise<number> {
    try {
      return (await stat(this.#path(version))).size;
    } catch (cause) {
      throw storageError("NoSuchKey", cause);
    }
  }

  read(version: string, range?: { start: number; end: number }): Readable {
    return createReadStream(this.#path(version), range);
  }

  async remove(versions: readonly string[]): Promise<void> {
    await Promise.all(versions.map((version) => rm(this.#path(version), { force: true })));
  }

  #path(version: string): string {
    if (!/^[0-9a-f-]{36}$/.test(version)) throw storageError("NoSuchKey");
    return join(this.#directory, version.slice(0, 2), version);
  }
}
