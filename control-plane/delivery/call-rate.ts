/**
 * A token bucket for database calls: after a quiet time the next calls are made at once, under
 * load they are spread out, and each carries more.
 */
export class CallRate {
  readonly #burst: number;
  readonly #intervalMs: number;
  #tokens: number;
  #countedAt = 0;

  constructor(options: { burst: number; intervalMs: number }) {
    this.#burst = options.burst;
    this.#intervalMs = options.intervalMs;
    this.#tokens = options.burst;
  }

  /** How long until a call may be made that leaves so many for others. */
  delayMs(now: number, { reserve = 0 }: { reserve?: number } = {}): number {
    this.#refill(now);
    return Math.max(0, Math.round((1 + reserve - this.#tokens) * this.#intervalMs));
  }

  count(now: number): void {
    this.#refill(now);
    this.#tokens = Math.max(0, this.#tokens - 1);
  }

  #refill(now: number): void {
    const earned = Math.max(0, now - this.#countedAt) / this.#intervalMs;
    this.#tokens = Math.min(this.#burst, this.#tokens + earned);
    this.#countedAt = now;
  }
}
