import type { MediaDownload } from "../../shared/database.ts";
import { filePath, type Media } from "../../shared/media.ts";
import type { Log } from "../log/log.ts";
import { DamagedFile } from "../whatsapp/decrypt-media.ts";
import type { TransferSlots } from "../media/transfer-slots.ts";
import { extensionOf } from "../media/receive/extension.ts";
import { DownloadRefused, ForeignAddress } from "../media/receive/fetch-encrypted.ts";
import { type MediaStore, storedPath } from "../media/store/media-store.ts";
import { FileTooLarge, removeFile, writeTemporaryFile } from "../media/temporary-file.ts";
import { backoffMs } from "../wait/backoff.ts";
import type { WhatsAppConnection } from "../whatsapp/connection.ts";
import { ReuploadRefused } from "../whatsapp/download-media.ts";
import { encryptedFile, withDirectPath } from "../whatsapp/incoming-media.ts";
import { type MediaItem, NotWritten } from "../write/write.ts";
import type { DownloadTiming } from "../timing.ts";

export interface DownloadsOptions {
  tenantId: string;
  sessionId: string;
  /** Up to `max` files that are not stored yet, those first that are due first. */
  load: (max: number) => Promise<MediaDownload[]>;
  commit: (item: MediaItem) => Promise<unknown>;
  /** Called before a file is stored: if its message never refers to it, it is removed. */
  expectFile: (path: string) => Promise<unknown>;
  openConnection: () => WhatsAppConnection | undefined;
  store: MediaStore;
  slots: TransferSlots;
  maxBytes: number;
  timing: DownloadTiming;
  random: () => number;
  now: () => number;
  log: Log;
}

const loadAtOnce = 100;
const loadRetryMs = 2000;
/** A file may take this long, besides the time that a slow line of 20 kB/s needs for its size. */
const baseTotalMs = 60_000;
const slowBytesPerMs = 20;

/**
 * Downloads the files of one session's received messages and stores them. What is to be done is in
 * media_downloads, so it goes on after a restart. The event of a message with a small file waits for
 * it, `waitMs` at most.
 */
export class Downloads {
  readonly #options: DownloadsOptions;
  readonly #running = new Set<string>();
  /** Ends the wait of a message's event. */
  readonly #waits = new Map<string, NodeJS.Timeout>();
  readonly #ended = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #loading = false;
  #isStale = false;

  constructor(options: DownloadsOptions) {
    this.#options = options;
  }

  /** There may be files to download: a message was stored, or the connection has opened. */
  wake(): void {
    this.#isStale = true;
    if (!this.#loading && !this.#ended.signal.aborted) void this.#run(); // never rejects
  }

  /** Stops at once; another connector, or the next connection, goes on. */
  end(): void {
    clearTimeout(this.#timer);
    for (const timer of this.#waits.values()) clearTimeout(timer);
    this.#waits.clear();
    this.#ended.abort(new NotWritten("the session has ended"));
  }

  async #run(): Promise<void> {
    this.#loading = true;
    while (this.#isStale && !this.#ended.signal.aborted) {
      this.#isStale = false;
      try {
        this.#start(await this.#options.load(loadAtOnce));
      } catch (error) {
        if (this.#ended.signal.aborted) break;
        this.#options.log.warn({ event: "downloads_failed", err: error }, "could not load files");
        this.#wakeIn(loadRetryMs);
      }
    }
    this.#loading = false;
  }

  #start(rows: MediaDownload[]): void {
    if (this.#ended.signal.aborted) return;
    for (const row of rows) if (row.is_held) this.#limitWait(row.id);
    const connection = this.#options.openConnection();
    if (connection === undefined) return; // It wakes this when it opens.
    const open = rows.filter(({ id }) => !this.#running.has(id));
    for (const row of open.filter(({ due_in_ms: dueInMs }) => dueInMs <= 0)) {
      this.#running.add(row.id);
      void this.#download(connection, row).finally(() => {
        this.#running.delete(row.id);
        this.wake();
      });
    }
    const later = open.find(({ due_in_ms: dueInMs }) => dueInMs > 0);
    if (later !== undefined) this.#wakeIn(later.due_in_ms);
  }

  #wakeIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.wake(), ms);
  }

  /** Lets the event of a message go out without its file when that takes too long. */
  #limitWait(id: string): void {
    if (this.#waits.has(id)) return;
    const { timing, now } = this.#options;
    const waited = Math.max(0, now() - storedAt(id));
    const timer = setTimeout(
      () => void this.#commit({ kind: "media", id }),
      Math.max(0, timing.waitMs - waited),
    );
    this.#waits.set(id, timer);
  }

  /** Never rejects. */
  async #download(connection: WhatsAppConnection, row: MediaDownload): Promise<void> {
    const { log } = this.#options;
    let { content } = row;
    try {
      const { media, content: latest } = await this.#store(connection, row, (path) => {
        content = withDirectPath(content, path);
        return content;
      });
      await this.#commit({ kind: "media", id: row.id, media, ...changed(latest, row) });
    } catch (error) {
      if (this.#ended.signal.aborted || connection.isClosed) return; // Done again later.
      log.warn({ event: "download_failed", id: row.id, attempts: row.attempts, err: error });
      await this.#commit({ ...this.#afterFailure(row, error), ...changed(content, row) });
    }
  }

  /** Downloads and stores the file, which its phone uploads again when it has expired. */
  async #store(
    connection: WhatsAppConnection,
    row: MediaDownload,
    uploadedAgain: (path: string) => string,
  ): Promise<{ media: Media; content: string }> {
    const { timing } = this.#options;
    try {
      return { media: await this.#transfer(connection, row, row.content), content: row.content };
    } catch (error) {
      if (!(error instanceof DownloadRefused && error.hasExpired)) throw error;
      const path = await connection.requestReupload({
        key: row,
        content: row.content,
        timeoutMs: timing.reuploadMs,
      });
      const content = uploadedAgain(path);
      return { media: await this.#transfer(connection, row, content), content };
    }
  }

  async #transfer(
    connection: WhatsAppConnection,
    row: MediaDownload,
    content: string,
  ): Promise<Media> {
    const { tenantId, sessionId, slots, store, expectFile, maxBytes, timing } = this.#options;
    const file = encryptedFile(content);
    if (file === undefined) throw new ForeignAddress("The message does not say where its file is");
    if ((file.size ?? 0) > maxBytes) throw new FileTooLarge("The message announces a larger file");
    return slots.run(tenantId, this.#ended.signal, async () => {
      const totalMs = baseTotalMs + Math.ceil((file.size ?? maxBytes) / slowBytesPerMs);
      const signal = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(totalMs)]);
      const bytes = await connection.downloadMedia(file, { idleMs: timing.idleMs, signal });
      const { path, size, sha256 } = await writeTemporaryFile(bytes, { maxBytes, signal });
      try {
        const url = filePath(sessionId, `${row.id}.${extensionOf(row.media)}`);
        const media = { ...row.media, url, size, sha256, status: "stored", error: null } as const;
        const storePath = storedPath(tenantId, media);
        await expectFile(storePath);
        const mimetype = media.mimetype ?? "application/octet-stream";
        await store.write(storePath, { path, size, mimetype });
        return media;
      } finally {
        await removeFile(path);
      }
    });
  }

  #afterFailure(row: MediaDownload, error: unknown): MediaItem {
    const { timing, random } = this.#options;
    const { id, attempts } = row;
    const isFinal = isHopeless(error) || attempts + 1 >= timing.maxAttempts;
    if (!isFinal) {
      return { kind: "media", id, retry_in_ms: backoffMs(attempts, timing.retry, random) };
    }
    const media = { ...row.media, url: null, status: "failed", error: failureOf(error) } as const;
    return { kind: "media", id, media };
  }

  async #commit(item: MediaItem): Promise<void> {
    if (item.retry_in_ms === undefined) {
      clearTimeout(this.#waits.get(item.id));
      this.#waits.delete(item.id);
    }
    try {
      await this.#options.commit(item);
    } catch (error) {
      if (error instanceof NotWritten) return;
      const { log } = this.#options;
      log.error({ event: "write_failed", id: item.id, err: error }, "could not store a file");
      this.#wakeIn(loadRetryMs);
    }
  }
}

function changed(content: string, row: MediaDownload): { content?: string } {
  return content === row.content ? {} : { content };
}

/** When the row of a version 7 UUID was made. */
function storedAt(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

function isHopeless(error: unknown): boolean {
  return (
    error instanceof ReuploadRefused ||
    error instanceof ForeignAddress ||
    error instanceof FileTooLarge
  );
}

function failureOf(error: unknown): { code: string; message: string } {
  if (error instanceof ReuploadRefused) {
    return {
      code: "media_expired",
      message:
        "The file has expired on WhatsApp's servers and the phone no longer has it. Ask the sender for it again.",
    };
  }
  if (error instanceof FileTooLarge) {
    return {
      code: "too_large",
      message:
        "The file is larger than this server stores. Look at it on the phone, or ask the operator to raise MAX_DOCUMENT_BYTES.",
    };
  }
  if (error instanceof DamagedFile || error instanceof ForeignAddress) {
    return {
      code: "damaged",
      message:
        "The file is not the one that its message describes. Ask the sender to send it again.",
    };
  }
  return {
    code: "download_failed",
    message: "The file could not be downloaded and stored. Look at it on the phone.",
  };
}
