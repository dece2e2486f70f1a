import type { Event } from "../../shared/event.ts";
import { encodeEvent } from "./sse.ts";
import type { StreamClient } from "./stream-client.ts";

export const pageSize = 500;
const firstDelayMs = 2;
const maxDelayMs = 256;
/** A client that takes nothing for so long is closed. */
const maxStallMs = 30_000;

/** A tenant's events after a number, in order, `pageSize` of them at most. */
export type ReadEvents = (after: number) => Promise<Event[]>;

/**
 * One tenant's streams. Its cursor is the last event that all of them have been offered; every
 * event is read from the database once for all of them, however many there are.
 */
export class TenantFeed {
  readonly #read: ReadEvents;
  readonly #sleep: (ms: number) => Promise<void>;
  readonly #clients = new Set<StreamClient>();
  #cursor = 0;
  #hinted = 0;
  #joining = 0;
  #pumping: Promise<void> | undefined;

  constructor(parts: { read: ReadEvents; sleep: (ms: number) => Promise<void> }) {
    this.#read = parts.read;
    this.#sleep = parts.sleep;
  }

  /** Nobody listens and nobody is about to. */
  get isIdle(): boolean {
    return this.#clients.size === 0 && this.#joining === 0;
  }

  /** A hint that events up to this number exist. */
  async hint(seq: number): Promise<void> {
    this.#hinted = Math.max(this.#hinted, seq);
    await this.#pump();
  }

  /**
   * Brings a client from where it is to where the others are, page by page, and lets it join:
   * between the last page and the joining nothing else runs, so no event falls in between, and
   * its position keeps it from getting one twice.
   */
  async join(client: StreamClient): Promise<void> {
    this.#joining += 1;
    try {
      await this.#bringUp(client);
    } finally {
      this.#joining -= 1;
    }
    await this.#pump();
  }

  async #bringUp(client: StreamClient): Promise<void> {
    for (;;) {
      const known = this.#cursor;
      const events = await this.#read(client.position);
      for (const event of events) {
        const encoded = encodeEvent(event);
        while (client.isOpen && !client.offer(encoded)) await client.drained(maxStallMs);
      }
      if (!client.isOpen) return;
      if (events.length === pageSize) continue;
      if (this.#clients.size === 0 || client.position >= this.#cursor) break;
      // What the others had been given is not there: the tenant was deleted and made again.
      if (client.position < known) this.#closeAll();
    }
    if (this.#clients.size === 0) this.#cursor = client.position;
    this.#clients.add(client);
  }

  leave(client: StreamClient): void {
    this.#clients.delete(client);
  }

  #closeAll(): void {
    for (const client of this.#clients) client.close();
    this.#clients.clear();
  }

  writeAll(bytes: Uint8Array): void {
    for (const client of this.#clients) client.write(bytes);
  }

  async #pump(): Promise<void> {
    this.#pumping ??= this.#pumpUntilEven().finally(() => (this.#pumping = undefined));
    await this.#pumping;
  }

  /**
   * Reads until everything hinted at was read. A hint can be faster than what it tells of:
   * Realtime reads the log, where a commit stands before others can see it. Then it is asked for
   * again, after a moment that grows; what is not there in the end is left to the next poll.
   */
  async #pumpUntilEven(): Promise<void> {
    let delayMs = firstDelayMs;
    while (this.#clients.size > 0 && this.#hinted > this.#cursor) {
      const goal = this.#hinted;
      const events = await this.#read(this.#cursor);
      for (const event of events) {
        const encoded = encodeEvent(event);
        for (const client of this.#clients) if (!client.offer(encoded)) this.#fallBehind(client);
        this.#cursor = event.seq;
      }
      if (events.length > 0 || this.#hinted > goal) {
        delayMs = firstDelayMs;
        continue;
      }
      if (delayMs > maxDelayMs) {
        this.#hinted = this.#cursor;
        return;
      }
      await this.#sleep(delayMs);
      delayMs *= 2;
    }
  }

  /** One that reads slower than events happen goes on at its own pace, on its own reads. */
  #fallBehind(client: StreamClient): void {
    this.#clients.delete(client);
    // It resumes where it was; what can fail is only the reading.
    this.join(client).catch(() => client.close());
  }
}
