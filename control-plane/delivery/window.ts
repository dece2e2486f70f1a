import type { Event } from "../../shared/event.ts";
import { ChatQueue } from "./chat-queue.ts";
import type { PostedEvent } from "./post.ts";

export const maxWindowEvents = 500;
export const maxWindowBytes = 2_097_152;

/** An event of the log, encoded once for all its attempts. */
export interface LoggedEvent extends PostedEvent {
  seq: number;
  chat: string;
}

interface Entry<Result> {
  seq: number;
  chat: string;
  bytes: number;
  state: "waiting" | "in_flight" | "finished";
  event: LoggedEvent | undefined;
  result: Result | undefined;
}

/**
 * The events of the log that were read for an endpoint and are not recorded yet. It gives them out
 * in the order of each chat, and knows how far the cursor may move: every event up to it is
 * finished or was filtered out.
 */
export class DeliveryWindow<Result> {
  #cursor: number;
  #readTo: number;
  #bytes = 0;
  #waiting = 0;
  readonly #entries = new Map<number, Entry<Result>>();
  readonly #queue = new ChatQueue<Entry<Result>>();

  constructor(cursor: number) {
    this.#cursor = cursor;
    this.#readTo = cursor;
  }

  /** The cursor in the database. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Events up to this seq were read. */
  get readTo(): number {
    return this.#readTo;
  }

  /** How many events were read and not posted yet. */
  get waiting(): number {
    return this.#waiting;
  }

  get freeEvents(): number {
    return Math.max(0, maxWindowEvents - this.#entries.size);
  }

  get freeBytes(): number {
    return Math.max(0, maxWindowBytes - this.#bytes);
  }

  /** Adds the events that were read; all others up to `readTo` were filtered out. */
  add(events: Event[], readTo: number): void {
    for (const event of events) {
      // After dropWaiting() some events are read again although they are in flight or finished.
      if (this.#entries.has(event.seq)) continue;
      const encoded = encodeEvent(event);
      const entry: Entry<Result> = {
        seq: event.seq,
        chat: encoded.chat,
        bytes: encoded.body.length,
        state: "waiting",
        event: encoded,
        result: undefined,
      };
      this.#entries.set(event.seq, entry);
      this.#bytes += entry.bytes;
      this.#waiting += 1;
      this.#queue.add(entry.chat, entry);
    }
    this.#readTo = Math.max(this.#readTo, readTo);
  }

  /** The next event that may be posted. */
  next(): LoggedEvent | undefined {
    const entry = this.#queue.next()?.item;
    if (entry === undefined) return undefined;
    entry.state = "in_flight";
    this.#waiting -= 1;
    return entry.event;
  }

  finish(seq: number, result: Result): void {
    const entry = this.#entries.get(seq);
    if (entry?.state !== "in_flight") return;
    entry.state = "finished";
    entry.result = result;
    entry.event = undefined;
    this.#bytes -= entry.bytes;
    this.#queue.done(entry.chat);
  }

  /** How far the cursor may move, and the results up to there. */
  finished(): { toSeq: number; results: Result[] } {
    let toSeq = this.#readTo;
    for (const { seq, state } of this.#entries.values()) {
      if (state !== "finished") toSeq = Math.min(toSeq, seq - 1);
    }
    const results: Result[] = [];
    for (const { seq, result } of this.#entries.values()) {
      if (seq <= toSeq && result !== undefined) results.push(result);
    }
    return { toSeq, results };
  }

  /** Forgets the events up to the new cursor, which are recorded. */
  recorded(toSeq: number): void {
    this.#cursor = toSeq;
    for (const seq of this.#entries.keys()) if (seq <= toSeq) this.#entries.delete(seq);
  }

  /** Forgets the events that wait: the endpoint does not take them now, and the log keeps them. */
  dropWaiting(): void {
    this.#queue.clear();
    for (const { seq, state, bytes } of this.#entries.values()) {
      if (state !== "waiting") continue;
      this.#entries.delete(seq);
      this.#bytes -= bytes;
      this.#waiting -= 1;
      this.#readTo = Math.min(this.#readTo, seq - 1);
    }
  }
}

export function encodeEvent(event: Event): LoggedEvent {
  const { id, type, seq } = event;
  return { id, type, seq, chat: chatOf(event), body: JSON.stringify(event) };
}

/** What is kept in order: the messages of one chat, and what concerns a session as a whole. */
function chatOf(event: Event): string {
  const chatId = event.data["chat_id"];
  return `${event.session_id ?? ""}/${typeof chatId === "string" ? chatId : ""}`;
}
