import type { Event } from "../../shared/event.ts";
import { encodeEvent } from "./sse.ts";
import type { StreamClient } from "./stream-client.ts";

export const pageSize = 500;
const firstDelayMs = 2;
const maxDelayMs = 256;
/** A client that reads nothing for this long is closed. */
const maxStallMs = 30_000;

/** Reads up to `pageSize` events of a tenant after a seq, in order. */
export type ReadEvents = (after: number) => Promise<Event[]>;

/**
 * The open streams of one tenant. Its cursor is the last event that all of them were offered:
 * each new event is read from the database once, however many streams there are.
 */
export class TenantFeed {
  readonly #read: ReadEvents;
  readonly #sleep: (ms: number) => Promise<void>;
  readonly #clients = new Set<StreamClient>();
  #cursor = 0;
  #latest = 0;
  #joining = 0;
  #pumping: Promise<void> | undefined;

  constructor(deps: { read: ReadEvents; sleep: (ms: number) => Promise<void> }) {
    this.#read = deps.read;
    this.#sleep = deps.sleep;
  }

  /** No client is connected or joining. */
  get isIdle(): boolean {
    return this.#clients.size === 0 && this.#joining === 0;
  }

  /** Reads and writes events up to this seq, which a notification or a poll said exists. */
  async notify(seq: number): Promise<void> {
    this.#latest = Math.max(this.#latest, seq);
    await this.#pump();
  }

  /**
   * Writes the events that a client missed, page by page, then adds it to the live clients.
   * Nothing runs between the last page and that, so no event is missed; the client's position
   * prevents duplicates.
   */
  async join(client: StreamClient): Promise<void> {
    this.#joining += 1;
    try {
      await this.#catchUp(client);
    } finally {
      this.#joining -= 1;
    }
    await this.#pump();
  }

  async #catchUp(client: StreamClient): Promise<void> {
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
      // Events that live clients received are gone: the tenant was deleted and created again.
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
    this.#pumping ??= this.#pumpUntilCaughtUp().finally(() => (this.#pumping = undefined));
    await this.#pumping;
  }

  /**
   * Reads until the cursor reaches the latest known seq. A notification can arrive before its
   * events are visible, because Realtime reads the WAL: then the read is repeated after a growing
   * delay, and finally left to the next poll.
   */
  async #pumpUntilCaughtUp(): Promise<void> {
    let delayMs = firstDelayMs;
    while (this.#clients.size > 0 && this.#latest > this.#cursor) {
      const goal = this.#latest;
      const events = await this.#read(this.#cursor);
      for (const event of events) {
        const encoded = encodeEvent(event);
        for (const client of this.#clients) if (!client.offer(encoded)) this.#fallBehind(client);
        this.#cursor = event.seq;
      }
      if (events.length > 0 || this.#latest > goal) {
        delayMs = firstDelayMs;
        continue;
      }
      if (delayMs > maxDelayMs) {
        this.#latest = this.#cursor;
        return;
      }
      await this.#sleep(delayMs);
      delayMs *= 2;
    }
  }

  /** A client whose buffer is full leaves the live clients and catches up with its own reads. */
  #fallBehind(client: StreamClient): void {
    this.#clients.delete(client);
    // It continues at its position. Only the database read can fail.
    this.join(client).catch(() => client.close());
  }
}
