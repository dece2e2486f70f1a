import { LRUCache } from "lru-cache";

/** How many unknown values an address may try at once. */
const burst = 30;
/** How long it takes until it may try another one. */
const refillMs = 2_000;
/** Attempts that were under way when the limit was reached count too, up to this debt. */
const maxDebt = 120;
const maxAddresses = 10_000;

/**
 * Limits how many unknown keys or origins an address may have looked up in the database: a token
 * bucket per address, kept by each isolate for itself. Only failures count, so that many valid keys
 * can be used for the first time at once.
 */
export class FailureLimit {
  readonly #buckets = new LRUCache<string, { tokens: number; at: number }>({ max: maxAddresses });
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The seconds until the address may try another unknown value; undefined when it may now. */
  retryAfterSeconds(address: string): number | undefined {
    const tokens = this.#tokens(address);
    return tokens >= 1 ? undefined : Math.ceil(((1 - tokens) * refillMs) / 1_000);
  }

  recordFailure(address: string): void {
    const tokens = Math.max(-maxDebt, this.#tokens(address) - 1);
    this.#buckets.set(address, { tokens, at: this.#now() });
  }

  #tokens(address: string): number {
    const bucket = this.#buckets.get(address);
    if (bucket === undefined) return burst;
    return Math.min(burst, bucket.tokens + (this.#now() - bucket.at) / refillMs);
  }
}
