import { type EncodedEvent, greeting } from "./sse.ts";

/** How many unread bytes are buffered for a client before writing to it pauses. */
const maxBufferedBytes = 1_048_576;

/** One open stream, with its position and the bytes that its client has not read yet. */
export class StreamClient {
  readonly body: ReadableStream<Uint8Array>;
  /** The API key that the stream was opened with. */
  readonly keyId: string;
  /** The seq of the last event that was written or filtered out. */
  position: number;
  readonly #sessionId: string | undefined;
  readonly #onClose: (client: StreamClient) => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #onDrained: (() => void) | undefined;

  constructor(options: {
    keyId: string;
    position: number;
    sessionId: string | undefined;
    onClose: (client: StreamClient) => void;
  }) {
    this.keyId = options.keyId;
    this.position = options.position;
    this.#onClose = options.onClose;
    this.#sessionId = options.sessionId;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
          controller.enqueue(greeting);
        },
        pull: () => this.#onDrained?.(),
        cancel: () => {
          this.#end();
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: maxBufferedBytes }),
    );
  }

  get isOpen(): boolean {
    return this.#controller !== undefined;
  }

  /** Writes the event unless it is filtered out or already written. False: the buffer is full. */
  offer(event: EncodedEvent): boolean {
    if (event.seq <= this.position) return true;
    if (this.#matches(event) && !this.write(event.bytes)) return false;
    this.position = event.seq;
    return true;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#controller === undefined || (this.#controller.desiredSize ?? 0) <= 0) return false;
    this.#controller.enqueue(bytes);
    return true;
  }

  /** Resolves when the buffer has room; closes the client when that takes longer than maxStallMs. */
  async drained(maxStallMs: number): Promise<void> {
    if (this.#controller === undefined || (this.#controller.desiredSize ?? 0) > 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => this.close(), maxStallMs);
    this.#onDrained = resolve;
    await promise;
    this.#onDrained = undefined;
    clearTimeout(timer);
  }

  close(): void {
    this.#controller?.close();
    this.#end();
  }

  #end(): void {
    this.#controller = undefined;
    this.#onDrained?.();
    this.#onClose(this);
  }

  #matches(event: EncodedEvent): boolean {
    if (this.#sessionId === undefined) return true;
    return event.sessionId === this.#sessionId && event.type.startsWith("message.");
  }
}
