import { createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream, mkdirSync, type ReadStream, rmSync } from "node:fs";
import { access, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Row, type Store } from "../store/store.ts";

/** As long as WhatsApp's servers keep a file. */
const retentionMs = 30 * 86_400_000;

/** An uploaded file. It is encrypted; only the phones and the clients have the key. */
export interface StoredMedia {
  /** Where clients download it, without the query string. A new upload has a new path. */
  path: string;
  /** Hex. */
  encSha256: string;
  /** Bytes, encrypted. */
  size: number;
  /** The number of the account that uploaded it. */
  uploader: string;
  /** The HTTP status that downloads are refused with; null: it can be downloaded. */
  expired: number | null;
}

export class MediaTooLarge extends Error {}
export class MediaHashMismatch extends Error {}

export interface MediaToAdd {
  source: AsyncIterable<Uint8Array>;
  uploader: string;
  /** Throws `MediaTooLarge` as soon as the source is longer. */
  limitBytes: number;
  /** Hex. If given, another content throws `MediaHashMismatch`. */
  encSha256?: string;
}

/**
 * The encrypted files of the network: their bytes in a directory, named by their hash, and where
 * they can be downloaded in the store. Files go through in chunks, however large they are.
 */
export class MediaStore {
  readonly #store: Store;
  readonly #directory: string;
  readonly #now: () => number;

  constructor(store: Store, directory: string, now: () => number) {
    this.#store = store;
    this.#directory = directory;
    this.#now = now;
    // What is left of uploads that the last process did not finish.
    rmSync(join(directory, "incoming"), { recursive: true, force: true });
    mkdirSync(join(directory, "incoming"), { recursive: true });
  }

  /** Stores a file. Nothing is kept of it if the source fails. */
  async add({ source, uploader, limitBytes, encSha256 }: MediaToAdd): Promise<StoredMedia> {
    const incoming = join(this.#directory, "incoming", randomBytes(16).toString("hex"));
    const hash = createHash("sha256");
    let size = 0;
    const measure = async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        size += chunk.length;
        if (size > limitBytes) throw new MediaTooLarge("the file is too large");
        hash.update(chunk);
        yield chunk;
      }
    };
    try {
      await pipeline(source, measure, createWriteStream(incoming));
      const actual = hash.digest("hex");
      if (encSha256 !== undefined && actual !== encSha256) {
        throw new MediaHashMismatch("the file has another hash");
      }
      await rename(incoming, this.#file(actual));
      return this.#insert({ encSha256: actual, size, uploader });
    } catch (error) {
      await rm(incoming, { force: true });
      throw error;
    }
  }

  /** The file that a path leads to, expired or not. */
  find(path: string): StoredMedia | undefined {
    const row = this.#store.get("SELECT * FROM media WHERE path = ?", path);
    return row && toMedia(row);
  }

  /** Makes a file available at a new path, as an upload of the same bytes; undefined if it is gone. */
  async uploadAgain(encSha256: string, uploader: string): Promise<StoredMedia | undefined> {
    const row = this.#store.get("SELECT * FROM media WHERE enc_sha256 = ? LIMIT 1", encSha256);
    if (!row || !(await this.has(encSha256))) return undefined;
    return this.#insert({ encSha256, size: toMedia(row).size, uploader });
  }

  /** From now on downloads at this path are refused with this HTTP status. */
  expire(path: string, status: number): void {
    this.#store.run("UPDATE media SET expired = ? WHERE path = ?", status, path);
  }

  async has(encSha256: string): Promise<boolean> {
    return await access(this.#file(encSha256)).then(
      () => true,
      () => false,
    );
  }

  /** The encrypted bytes; `end` is inclusive. */
  read(encSha256: string, range: { start?: number; end?: number } = {}): ReadStream {
    return createReadStream(this.#file(encSha256), range);
  }

  /** Deletes what was uploaded more than 30 days ago. */
  async purge(): Promise<void> {
    const before = this.#now() - retentionMs;
    const old = this.#store.all(
      "DELETE FROM media WHERE uploaded_at < ? RETURNING enc_sha256",
      before,
    );
    for (const hash of new Set(old.map((row) => String(row["enc_sha256"])))) {
      const used = this.#store.get("SELECT 1 FROM media WHERE enc_sha256 = ? LIMIT 1", hash);
      if (!used) await rm(this.#file(hash), { force: true });
    }
  }

  #insert(file: Pick<StoredMedia, "encSha256" | "size" | "uploader">): StoredMedia {
    const path = `/v/${randomBytes(16).toString("hex")}.enc`;
    this.#store.run(
      `INSERT INTO media (path, enc_sha256, size, uploader, uploaded_at) VALUES (?, ?, ?, ?, ?)`,
      path,
      file.encSha256,
      file.size,
      file.uploader,
      this.#now(),
    );
    return { ...file, path, expired: null };
  }

  #file(encSha256: string): string {
    return join(this.#directory, encSha256);
  }
}

function toMedia(row: Row): StoredMedia {
  return {
    path: String(row["path"]),
    encSha256: String(row["enc_sha256"]),
    size: Number(row["size"]),
    uploader: String(row["uploader"]),
    expired: row["expired"] === null ? null : Number(row["expired"]),
  };
}
