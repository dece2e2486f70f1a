import { setTimeout as sleep } from "node:timers/promises";
import type { HubNotification } from "../../shared/database.ts";
import { DatabaseError, type Database } from "../database/database.ts";
import { backoffMs } from "../wait/backoff.ts";
import type { Log } from "../log/log.ts";
import { type Batch, joinWrites } from "./batch.ts";
import { MaybeWritten, NotWritten, type Write } from "./write.ts";

/** A session under one ownership. */
export interface OwnedSession {
  uid: string;
  epoch: number;
}

export interface WriteQueueOptions {
  database: Database;
  connectorId: string;
  log: Log;
  random: () => number;
  /** Called for a session that this connector no longer owns under this epoch. */
  onStale: (session: OwnedSession) => void;
  onCommit: (commit: { writes: number; seconds: number; notifications: HubNotification[] }) => void;
}

interface Entry {
  write: Write;
  done: (results: unknown[]) => void;
  failed: (error: Error) => void;
}

const maxWrites = 500;
const maxKeyRows = 4000;
const requestTimeoutMs = 12_000;
/** Long enough for the receipt of one message to share a commit with the intent of the next. */
const coalesceMs = 10;
const retryLimits = { baseMs: 50, capMs: 2000 };

/**
 * Commits writes in order, one request at a time. Writes that arrive during a request share the next
 * one.
 */
export class WriteQueue {
  readonly #options: WriteQueueOptions;
  readonly #closing = new AbortController();
  #waiting: Entry[] = [];
  #inRequest: Entry[] = [];
  #running: Promise<void> | undefined;
  #coalesceTimer: NodeJS.Timeout | undefined;

  constructor(options: WriteQueueOptions) {
    this.#options = options;
  }

  /** Resolves with the results of the items once everything is committed. */
  commit(write: Write): Promise<unknown[]> {
    if (this.#closing.signal.aborted) return Promise.reject(new NotWritten("closed"));
    return new Promise((done, failed) => {
      this.#waiting.push({ write, done, failed });
      if (this.#running !== undefined) return;
      if (write.coalesced === true)
        this.#coalesceTimer ??= setTimeout(() => this.#start(), coalesceMs);
      else this.#start();
    });
  }

  /** Drops the writes of a session under this epoch that are not in a request yet. */
  drop({ uid, epoch }: OwnedSession): void {
    const isDropped = ({ write }: Entry) => write.uid === uid && write.epoch === epoch;
    const dropped = this.#waiting.filter(isDropped);
    this.#waiting = this.#waiting.filter((entry) => !isDropped(entry));
    for (const entry of dropped) entry.failed(new NotWritten("the session was closed"));
  }

  async flushed(): Promise<void> {
    if (this.#waiting.length > 0) this.#start();
    await this.#running;
  }

  close(): void {
    this.#closing.abort();
    clearTimeout(this.#coalesceTimer);
    for (const entry of this.#inRequest) entry.failed(new MaybeWritten("closed"));
    for (const entry of this.#waiting) entry.failed(new NotWritten("closed"));
    this.#waiting = [];
  }

  #start(): void {
    clearTimeout(this.#coalesceTimer);
    this.#coalesceTimer = undefined;
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // Writes of the same turn of the event loop share one request.
    await new Promise((next) => setImmediate(next));
    while (this.#waiting.length > 0) {
      this.#inRequest = this.#nextBatch();
      await this.#send(this.#inRequest);
      this.#inRequest = [];
    }
    this.#running = undefined;
  }

  #nextBatch(): Entry[] {
    let rows = 0;
    let count = 0;
    const epochs = new Map<string, number>();
    for (const { write } of this.#waiting) {
      rows += write.keys?.length ?? 0;
      if (count === maxWrites || (count > 0 && rows > maxKeyRows)) break;
      // A batch names one epoch of a session: what was written before a claim is checked by itself.
      if ((epochs.get(write.uid) ?? write.epoch) !== write.epoch) break;
      epochs.set(write.uid, write.epoch);
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #send(entries: Entry[]): Promise<void> {
    for (let attempt = 0; !this.#closing.signal.aborted; attempt += 1) {
      try {
        return await this.#request(entries, { isRepeated: attempt > 0 });
      } catch (error) {
        this.#options.log.warn(
          { event: "commit_failed", attempt, writes: entries.length, err: error },
          "commit failed",
        );
        if (error instanceof DatabaseError) {
          if (error.isPermanent && entries.length === 1) return this.#refuse(entries, error);
          // Halved until the refused write stands alone, or the batch is small enough for the
          // server's statement timeout: neither gets better by repeating the whole batch.
          const isTooLarge = error.isStatementTimeout && entries.length > 1;
          if (error.isPermanent || isTooLarge) return this.#sendHalves(entries);
        }
        const delayMs = backoffMs(attempt, retryLimits, this.#options.random);
        await sleep(delayMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    }
  }

  async #sendHalves(entries: Entry[]): Promise<void> {
    const middle = Math.ceil(entries.length / 2);
    await this.#send(entries.slice(0, middle));
    await this.#send(entries.slice(middle));
  }

  #refuse([entry]: Entry[], error: DatabaseError): void {
    const kinds = entry?.write.items?.map((item) => item.kind) ?? [];
    this.#options.log.error(
      { event: "write_refused", uid: entry?.write.uid, kinds, err: error },
      "the database refused a write",
    );
    entry?.failed(error);
  }

  async #request(entries: Entry[], { isRepeated }: { isRepeated: boolean }): Promise<void> {
    const { database, connectorId, onCommit, onStale } = this.#options;
    const batch = joinWrites(entries.map((entry) => entry.write));
    const startedAt = performance.now();
    const answer = await database.call(
      "commit_writes",
      { connector_id: connectorId, writes: asArgument(batch) },
      { timeoutMs: requestTimeoutMs },
    );
    onCommit({
      writes: entries.length,
      seconds: (performance.now() - startedAt) / 1000,
      notifications: answer.notifications,
    });

    const stale = new Set(answer.stale);
    let next = 0;
    for (const { write, done, failed } of entries) {
      const from = next;
      next += write.items?.length ?? 0;
      if (stale.has(write.uid)) {
        const reason = "the session belongs to another connector";
        failed(isRepeated ? new MaybeWritten(reason) : new NotWritten(reason));
      } else done(answer.results.slice(from, next));
    }
    for (const session of batch.sessions) if (stale.has(session.uid)) onStale(session);
  }
}

/** A Batch is plain JSON; the cast is needed because an interface has no index signature. */
function asArgument(batch: Batch): Record<string, unknown> {
  return { ...batch };
}
