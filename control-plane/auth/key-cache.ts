import type { Caller } from "./caller.ts";

/** Short enough that a revoked key stops working well within the promised 10 seconds. */
const knownForMs = 5_000;
const unknownForMs = 1_000;
const maxEntries = 10_000;

interface Entry {
  caller: Caller | undefined;
  until: number;
}

/** What this isolate knows about keys, by their hash. */
export class KeyCache {
  // Apart, so that somebody who guesses keys does not push the real ones out.
  readonly #known = new Map<string, Entry>();
  readonly #unknown = new Map<string, Entry>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Undefined when nothing is known; an entry without a caller means that no such key exists. */
  get(hash: string): { caller: Caller | undefined } | undefined {
    const entry = this.#known.get(hash) ?? this.#unknown.get(hash);
    return entry !== undefined && entry.until > this.#now() ? entry : undefined;
  }

  add(hash: string, found: { caller: Caller; expiresAt: string | null } | undefined): void {
    const now = this.#now();
    if (found === undefined) {
      this.#known.delete(hash);
      put(this.#unknown, hash, { caller: undefined, until: now + unknownForMs });
      return;
    }
    const expiresAt = found.expiresAt === null ? Infinity : Date.parse(found.expiresAt);
    this.#unknown.delete(hash);
    put(this.#known, hash, {
      caller: found.caller,
      until: Math.min(now + knownForMs, expiresAt),
    });
  }
}

function put(entries: Map<string, Entry>, hash: string, entry: Entry): void {
  entries.delete(hash);
  entries.set(hash, entry);
  const [oldest] = entries.keys();
  if (entries.size > maxEntries && oldest !== undefined) entries.delete(oldest);
}
