import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { MediaMissing, type MediaStore } from "./media-store.ts";

/** A stored file on the disk. */
export interface LocalFile {
  path: string;
  size: number;
  modifiedAt: Date;
}

/** A directory that a connector keeps files in. */
export interface LocalStore extends MediaStore {
  /** Where a file is; undefined when there is none. */
  find(path: string): Promise<LocalFile | undefined>;
}

const incoming = ".incoming";

/**
 * Files in a directory, `<tenant_id>/<session_id>/<file>`. A file is written under another name,
 * flushed to the disk and then renamed, so that what is there is always whole.
 */
export function localStore(directory: string): LocalStore {
  const locate = (path: string) => join(directory, ...path.split("/").map(safeSegment));
  return {
    async write(path, file) {
      const target = locate(path);
      const temporary = join(directory, incoming, randomUUID());
      await mkdir(dirname(temporary), { recursive: true });
      await mkdir(dirname(target), { recursive: true });
      try {
        await pipeline(createReadStream(file.path), createWriteStream(temporary, { flush: true }));
        await rename(temporary, target);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      await flushDirectory(dirname(target));
    },
    async read(path) {
      const file = await find(locate(path));
      if (file === undefined) throw new MediaMissing("The file is not stored");
      return createReadStream(file.path);
    },
    async remove(paths) {
      await Promise.all(paths.map((path) => rm(locate(path), { force: true })));
    },
    find: (path) => find(locate(path)),
  };
}

async function find(path: string): Promise<LocalFile | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? { path, size: found.size, modifiedAt: found.mtime } : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** A segment that is one directory or file, whatever it holds. */
function safeSegment(segment: string): string {
  const encoded = encodeURIComponent(segment);
  if (/^\.*$/.test(encoded)) throw new MediaMissing("This is not the path of a file");
  return encoded;
}

/** Without it, a power failure can undo the rename. */
async function flushDirectory(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && /^(ENOENT|ENOTDIR)$/.test(String(error.code));
}
