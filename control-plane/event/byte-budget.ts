/** Counts the bytes in some buffers against a limit. Bytes also count against the parent's. */
export class ByteBudget {
  readonly #maxBytes: number;
  readonly #parent: ByteBudget | undefined;
  readonly #onExceeded: (() => void) | undefined;
  #usedBytes = 0;

  constructor(options: { maxBytes: number; parent?: ByteBudget; onExceeded?: () => void }) {
    this.#maxBytes = options.maxBytes;
    this.#parent = options.parent;
    this.#onExceeded = options.onExceeded;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get hasRoom(): boolean {
    return this.#usedBytes < this.#maxBytes;
  }

  add(bytes: number): void {
    this.#usedBytes += bytes;
    this.#parent?.add(bytes);
    if (this.#usedBytes > this.#maxBytes) this.#onExceeded?.();
  }

  remove(bytes: number): void {
    this.#usedBytes -= bytes;
    this.#parent?.remove(bytes);
  }
}
