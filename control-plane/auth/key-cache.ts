import { LRUCache } from "lru-cache";
import type { Caller } from "../http/app-env.ts";

/** Short enough that a revoked key stops working well within the promised 10 seconds. */
const validTtlMs = 5_000;
const invalidTtlMs = 1_000;
const maxEntries = 10_000;

/** Caches the caller of each API key, by the hash of the key. */
export class KeyCache {
  // Two caches, so that guessed keys cannot evict valid ones.
  readonly #valid: LRUCache<string, Caller>;
  readonly #invalid: LRUCache<string, true>;
  /** Keys that were valid once. */
  readonly #seen = new LRUCache<string, true>({ max: maxEntries });
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
    const options = { max: maxEntries, perf: { now }, ttlResolution: 0 };
    this.#valid = new LRUCache({ ...options, ttl: validTtlMs });
    this.#invalid = new LRUCache({ ...options, ttl: invalidTtlMs });
  }

  /** Undefined when the key is not cached; an entry without a caller is an invalid key. */
  get(hash: string): { caller: Caller | undefined } | undefined {
    const caller = this.#valid.get(hash);
    if (caller !== undefined) return { caller };
    return this.#invalid.has(hash) ? { caller: undefined } : undefined;
  }

  /** Whether the key was valid at any time since this isolate started. */
  wasValid(hash: string): boolean {
    return this.#seen.has(hash);
  }

  add(hash: string, found: { caller: Caller; expiresAt: string | null } | undefined): void {
    if (found === undefined) {
      this.#valid.delete(hash);
      this.#invalid.set(hash, true);
      return;
    }
    this.#invalid.delete(hash);
    this.#seen.set(hash, true);
    const expiresInMs =
      found.expiresAt === null ? Infinity : Date.parse(found.expiresAt) - this.#now();
    if (expiresInMs > 0) {
      this.#valid.set(hash, found.caller, { ttl: Math.min(validTtlMs, expiresInMs) });
    }
  }
}
