import { ByteBudget } from "./byte-budget.ts";
import type { ReadPage } from "./read-pages.ts";
import type { StreamClient } from "./stream-client.ts";

const firstDelayMs = 2;
const maxDelayMs = 256;
/** How many unread bytes the clients of one tenant may have together. */
const maxBufferedBytes = 4_194_304;

/**
 * The open streams of one tenant. Live clients have all events up to the cursor: each new event is
 * read once for all of them. Clients that are behind catch up with page reads that they share.
 */
export class TenantFeed {
  readonly budget: ByteBudget;
  readonly #readLive: ReadPage;
  readonly #readBehind: ReadPage;
  readonly #sleep: (ms: number) => Promise<void>;
  readonly #onError: (error: unknown) => void;
  readonly #live = new Set<StreamClient>();
  readonly #behind = new Set<StreamClient>();
  #cursor = 0;
  #latest = 0;
  #isPumping = false;
  #isCatchingUp = false;

  constructor(deps: {
    readLive: ReadPage;
    readBehind: ReadPage;
    sleep: (ms: number) => Promise<void>;
    onError: (error: unknown) => void;
    hubBudget: ByteBudget;
  }) {
    this.#readLive = deps.readLive;
    this.#readBehind = deps.readBehind;
    this.#sleep = deps.sleep;
    this.#onError = deps.onError;
    this.budget = new ByteBudget({ maxBytes: maxBufferedBytes, parent: deps.hubBudget });
  }

  get isIdle(): boolean {
    return this.#live.size === 0 && this.#behind.size === 0;
  }

  /** Reads and writes events up to this seq, which a notification or a poll said exists. */
  async notify(seq: number): Promise<void> {
    this.#latest = Math.max(this.#latest, seq);
    await this.#pump();
  }

  /** Adds a client, which first catches up from its position. Never rejects. */
  async join(client: StreamClient): Promise<void> {
    client.onRoom = () => void this.#catchUp();
    this.#behind.add(client);
    await this.#catchUp();
  }

  leave(client: StreamClient): void {
    this.#live.delete(client);
    this.#behind.delete(client);
  }

  writeToAll(bytes: Uint8Array): void {
    for (const client of this.#live) client.write(bytes);
    for (const client of this.#behind) client.write(bytes);
  }

  /** Closes the clients with the most unread bytes until half of them are gone. */
  dropSlowest(): void {
    const goal = this.budget.usedBytes / 2;
    const clients = [...this.#live, ...this.#behind];
    for (const client of clients.toSorted((a, b) => b.queuedBytes - a.queuedBytes)) {
      if (this.budget.usedBytes <= goal) return;
      client.close();
    }
  }

  /**
   * Reads until the cursor reaches the latest known seq. A notification can arrive before its
   * events are visible, because Realtime reads the WAL: then the read is repeated after a growing
   * delay, and finally left to the next poll.
   */
  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      let delayMs = firstDelayMs;
      while (this.#live.size > 0 && this.#latest > this.#cursor) {
        const goal = this.#latest;
        const { events } = await this.#readLive(this.#cursor);
        for (const event of events) {
          for (const client of this.#live) if (!client.offer(event)) this.#fallBehind(client);
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
    } finally {
      this.#isPumping = false;
    }
  }

  /** A client whose buffer is full catches up from its position once it has room again. */
  #fallBehind(client: StreamClient): void {
    this.#live.delete(client);
    if (client.isOpen) this.#behind.add(client);
  }

  async #catchUp(): Promise<void> {
    if (this.#isCatchingUp) return;
    this.#isCatchingUp = true;
    try {
      for (;;) {
        const next = this.#nextBehind();
        if (next === undefined) break;
        await this.#readFor(next);
      }
    } catch (error) {
      this.#onError(error);
      // They resume at their position when they reconnect.
      for (const client of this.#behind) client.close();
    } finally {
      this.#isCatchingUp = false;
    }
  }

  /** The client that has waited longest for a read; full ones wait until they have room. */
  #nextBehind(): StreamClient | undefined {
    for (const client of this.#behind) {
      if (client.isFull) continue;
      this.#behind.delete(client);
      this.#behind.add(client);
      return client;
    }
    return undefined;
  }

  /** Reads the next page for a client, and writes it to all that are behind and can use it. */
  async #readFor(reader: StreamClient): Promise<void> {
    const after = reader.position;
    const cursorBefore = this.#cursor;
    const { events, isLast } = await this.#readBehind(after);
    const end = events.at(-1)?.seq ?? after;
    for (const client of this.#behind) {
      if (client.position < after) continue;
      for (const event of events) if (!client.offer(event)) break;
    }
    if (!isLast) return;
    // Events that live clients received are gone: the tenant was deleted and created again.
    if (reader.position === end && end < cursorBefore) this.#closeLive();
    this.#goLive(end);
  }

  /**
   * Makes the clients live that have all events up to `end` and up to the cursor. Nothing runs
   * between the last page and this, so no event is missed; positions prevent duplicates.
   */
  #goLive(end: number): void {
    for (const client of this.#behind) {
      const isEven = this.#live.size === 0 || client.position >= this.#cursor;
      if (client.position < end || !isEven) continue;
      if (this.#live.size === 0) this.#cursor = client.position;
      this.#behind.delete(client);
      this.#live.add(client);
    }
    this.#pump().catch(this.#onError);
  }

  #closeLive(): void {
    for (const client of this.#live) client.close();
    this.#live.clear();
  }
}
