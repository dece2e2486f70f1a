/**
 * The ids of the tokens used lately. Only tokens with a valid signature get here, so their number is
 * limited by the control plane's requests.
 */
export class UsedTokens {
  readonly #forgetAt = new Map<string, number>();
  readonly #keepMs: number;
  readonly #now: () => number;

  /** @param keepMs how long an id is remembered: for as long as its token may be valid */
  constructor(keepMs: number, now: () => number = () => performance.now()) {
    this.#keepMs = keepMs;
    this.#now = now;
  }

  /** Remembers the id. False when it was used before. */
  add(id: string): boolean {
    this.#forget();
    if (this.#forgetAt.has(id)) return false;
    this.#forgetAt.set(id, this.#now() + this.#keepMs);
    return true;
  }

  get size(): number {
    return this.#forgetAt.size;
  }

  /** A Map keeps the order of insertion, so the oldest come first. */
  #forget(): void {
    const now = this.#now();
    for (const [id, forgetAt] of this.#forgetAt) {
      if (forgetAt > now) return;
      this.#forgetAt.delete(id);
    }
  }
}
