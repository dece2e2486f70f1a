import { LRUCache } from "lru-cache";
import { type Item, type KeyRow, NotWritten } from "../write/write.ts";
import type { SessionCipher } from "./cipher.ts";
import { decodeJson, encodeJson } from "./json.ts";

/** Values by type and id; null deletes. */
export type KeyChanges = Record<string, Record<string, unknown>>;

export interface KeyStoreOptions {
  cipher: SessionCipher;
  load: (type: string, ids: string[]) => Promise<{ id: string; ciphertext: string }[]>;
  commit: (write: { keys: KeyRow[]; items: Item[] }) => Promise<unknown>;
  /** How many values are kept in memory. */
  limit: number;
  /** Whether nothing is stored yet, so that a miss needs no query. */
  empty: boolean;
}

/**
 * A session has 812 of them and uses each at most once, so they are not kept in memory. One is
 * loaded when the first message of a contact names it.
 */
const uncachedTypes = new Set(["pre-key"]);

/**
 * The Signal keys of one session: stored encrypted in Postgres, behind a cache that also holds
 * misses. A write is visible to reads at once; `set` resolves when it is committed.
 */
export class KeyStore {
  readonly #options: KeyStoreOptions;
  readonly #recent: LRUCache<string, { value: unknown }>;
  /** Values that are not committed yet. They must not be evicted: the database does not have them. */
  readonly #uncommitted = new Map<string, { value: unknown }>();
  /** Types of which the database has values that the cache does not. */
  readonly #partial = new Set<string>();
  readonly #empty: boolean;
  #closed = false;

  constructor(options: KeyStoreOptions) {
    this.#options = options;
    this.#empty = options.empty;
    this.#recent = new LRUCache({
      max: options.limit,
      dispose: (_value, key, reason) => {
        if (reason === "evict") this.#partial.add(typeOf(key));
      },
    });
  }

  async get(type: string, ids: readonly string[]): Promise<Record<string, unknown>> {
    const found: Record<string, unknown> = {};
    const missing: string[] = [];
    for (const id of ids) {
      const key = keyOf(type, id);
      const known = this.#uncommitted.get(key) ?? this.#recent.get(key);
      if (known === undefined) missing.push(id);
      else if (known.value !== null) found[id] = known.value;
    }
    if (missing.length === 0 || (this.#empty && !this.#partial.has(type))) return found;

    const rows = await this.#options.load(type, missing);
    const loaded = new Map(rows.map((row) => [row.id, row.ciphertext]));
    const stale: Record<string, unknown> = {};
    for (const id of missing) {
      const key = keyOf(type, id);
      const newer = this.#uncommitted.get(key) ?? this.#recent.get(key);
      const known = newer ?? { value: this.#decrypt(type, id, loaded.get(id)) };
      if (newer === undefined && !uncachedTypes.has(type)) this.#recent.set(key, known);
      if (known.value !== null) found[id] = known.value;
      if (newer === undefined && this.#isStale(type, loaded.get(id))) stale[id] = known.value;
    }
    this.#reseal(type, stale);
    return found;
  }

  /** Resolves when the changes, and the items stored with them, are committed. */
  async set(changes: KeyChanges, items: Item[] = []): Promise<void> {
    if (this.#closed) throw new NotWritten("these keys belong to a device that was replaced");
    const rows: KeyRow[] = [];
    const written = new Map<string, { value: unknown }>();
    for (const [type, values] of Object.entries(changes)) {
      for (const [id, value] of Object.entries(values)) {
        const known = { value: value ?? null };
        written.set(keyOf(type, id), known);
        rows.push({ type, id, ciphertext: this.#encrypt(type, id, known.value) });
      }
    }
    for (const [key, known] of written) this.#uncommitted.set(key, known);

    await this.#options.commit({ keys: rows, items });
    for (const [key, known] of written) {
      // A later write of the same key is still to be committed.
      if (this.#uncommitted.get(key) !== known) continue;
      this.#uncommitted.delete(key);
      if (uncachedTypes.has(typeOf(key))) this.#partial.add(typeOf(key));
      else this.#recent.set(key, known);
    }
  }

  /** Refuses further writes: a late one must not change the keys of the next device. */
  close(): void {
    this.#closed = true;
  }

  /**
   * Pre-keys are left to `npm run rotate-key`: one that was deleted since it was read is in no cache
   * that could tell, and would be written again.
   */
  #isStale(type: string, ciphertext: string | undefined): boolean {
    if (ciphertext === undefined || uncachedTypes.has(type) || this.#closed) return false;
    return this.#options.cipher.isStale(ciphertext);
  }

  /** Writes values again under the current key. Nobody waits for it: it is tried with the next read. */
  #reseal(type: string, values: Record<string, unknown>): void {
    if (Object.keys(values).length === 0) return;
    this.set({ [type]: values }).catch(() => {
      // The commit has logged it, or the session ended.
    });
  }

  #encrypt(type: string, id: string, value: unknown): string | null {
    return value === null ? null : this.#options.cipher.encrypt({ type, id }, encodeJson(value));
  }

  #decrypt(type: string, id: string, ciphertext: string | undefined): unknown {
    if (ciphertext === undefined) return null;
    return decodeJson(this.#options.cipher.decrypt({ type, id }, ciphertext));
  }
}

function keyOf(type: string, id: string): string {
  return `${type}|${id}`;
}

function typeOf(key: string): string {
  return key.slice(0, key.indexOf("|"));
}
