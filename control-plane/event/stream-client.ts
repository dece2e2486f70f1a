import type { ByteBudget } from "./byte-budget.ts";
import { type EncodedEvent, encodeGreeting } from "./sse.ts";

/** How many unread bytes a client may have before writing to it pauses. */
const maxBufferedBytes = 262_144;
/** A client may have this much even when other clients of its tenant use up the budget. */
const minBufferedBytes = 32_768;
/** Queued events are handed to the network in chunks of up to this size. */
const chunkBytes = 65_536;
/** A client that has unread bytes and reads nothing for this long is closed. */
const maxStallMs = 10_000;

/** One open stream, with its position and the bytes that its client has not read yet. */
export class StreamClient {
  readonly body: ReadableStream<Uint8Array>;
  /** The API key that the stream was opened with. */
  readonly keyId: string;
  /** The seq of the last event that was written or filtered out. */
  position: number;
  /** Called when a client whose buffer was full can be written to again. */
  onRoom: (() => void) | undefined;
  readonly #sessionId: string | undefined;
  readonly #onlySessions: ReadonlySet<string> | undefined;
  readonly #budget: ByteBudget;
  readonly #now: () => number;
  readonly #onClose: (client: StreamClient) => void;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** The consumer waits for a chunk. */
  #isPulled = false;
  #isFull = false;
  #lastReadAt: number;

  constructor(options: {
    keyId: string;
    position: number;
    /** Only message events of this session. */
    sessionId: string | undefined;
    /** Only events of these sessions; those without a session are left out. */
    onlySessions?: ReadonlySet<string> | undefined;
    budget: ByteBudget;
    now: () => number;
    onClose: (client: StreamClient) => void;
  }) {
    this.keyId = options.keyId;
    this.position = options.position;
    this.#sessionId = options.sessionId;
    this.#onlySessions = options.onlySessions;
    this.#budget = options.budget;
    this.#now = options.now;
    this.#onClose = options.onClose;
    this.#lastReadAt = options.now();
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          this.#isPulled = true;
          this.#flush();
        },
        cancel: () => {
          this.#end();
        },
      },
      // The queue is ours, so that its bytes are counted: the stream itself buffers nothing.
      { highWaterMark: 0 },
    );
    this.write(encodeGreeting(options.position));
  }

  get isOpen(): boolean {
    return this.#controller !== undefined;
  }

  /** The buffer is full; `onRoom` is called when it no longer is. */
  get isFull(): boolean {
    return this.#isFull;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get isStalled(): boolean {
    return this.#queue.length > 0 && this.#now() - this.#lastReadAt > maxStallMs;
  }

  /** Writes the event unless it is filtered out or already written. False: the buffer is full. */
  offer(event: EncodedEvent): boolean {
    if (event.seq <= this.position) return true;
    if (this.#matches(event) && !this.write(event.bytes)) return false;
    this.position = event.seq;
    return true;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#controller === undefined || this.#isFull || !this.#hasRoom()) return false;
    if (this.#queue.length === 0) this.#lastReadAt = this.#now();
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#budget.add(bytes.length);
    this.#flush();
    return true;
  }

  close(): void {
    this.#controller?.close();
    this.#end();
  }

  #hasRoom(): boolean {
    const hasRoom =
      this.#queuedBytes < minBufferedBytes ||
      (this.#queuedBytes < maxBufferedBytes && this.#budget.hasRoom);
    if (!hasRoom) this.#isFull = true;
    return hasRoom;
  }

  /** Hands the next chunk to the consumer if it waits for one. */
  #flush(): void {
    if (!this.#isPulled || this.#queue.length === 0) return;
    this.#isPulled = false;
    this.#lastReadAt = this.#now();
    this.#controller?.enqueue(this.#takeChunk());
    const roomAtBytes = this.#budget.hasRoom ? maxBufferedBytes / 2 : minBufferedBytes / 2;
    if (this.#isFull && this.#queuedBytes <= roomAtBytes) {
      this.#isFull = false;
      this.onRoom?.();
    }
  }

  #takeChunk(): Uint8Array {
    let length = 0;
    let count = 0;
    for (const bytes of this.#queue) {
      if (count > 0 && length + bytes.length > chunkBytes) break;
      length += bytes.length;
      count += 1;
    }
    const chunk = new Uint8Array(length);
    let offset = 0;
    for (const bytes of this.#queue.splice(0, count)) {
      chunk.set(bytes, offset);
      offset += bytes.length;
    }
    this.#release(length);
    return chunk;
  }

  #release(bytes: number): void {
    this.#queuedBytes -= bytes;
    this.#budget.remove(bytes);
  }

  #end(): void {
    if (this.#controller === undefined) return;
    this.#controller = undefined;
    this.#queue = [];
    this.#release(this.#queuedBytes);
    this.#onClose(this);
  }

  #matches(event: EncodedEvent): boolean {
    if (this.#onlySessions !== undefined && !this.#onlySessions.has(event.sessionId ?? ""))
      return false;
    if (this.#sessionId === undefined) return true;
    return event.sessionId === this.#sessionId && event.type.startsWith("message.");
  }
}
