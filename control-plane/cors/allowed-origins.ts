import { LRUCache } from "lru-cache";
import type { DatabaseClient } from "../database/connect.ts";
import { unwrapFirst } from "../database/unwrap.ts";
import { FailureLimit } from "../limit/failure-limit.ts";
import { isOrigin } from "./origin.ts";

const allowedTtlMs = 30_000;
/** Short, because whoever adds an origin tries it at once. */
const unknownTtlMs = 5_000;
const maxEntries = 10_000;

/** The origin of a page, and the address of the browser that shows it. */
export interface Asker {
  origin: string;
  address: string;
}

/** Which origins the tenants allow. Preflights carry no key, so each answer is cached. */
export class AllowedOrigins {
  readonly #database: DatabaseClient;
  // Two caches, so that made-up origins cannot evict those of tenants.
  readonly #allowed: LRUCache<string, true>;
  readonly #unknown: LRUCache<string, true>;
  readonly #failures: FailureLimit;

  constructor({ database, now }: { database: DatabaseClient; now: () => number }) {
    this.#database = database;
    const options = { max: maxEntries, perf: { now }, ttlResolution: 0 };
    this.#allowed = new LRUCache({ ...options, ttl: allowedTtlMs, noDeleteOnStaleGet: true });
    this.#unknown = new LRUCache({ ...options, ttl: unknownTtlMs });
    this.#failures = new FailureLimit(now);
  }

  /** Whether this tenant allows the origin, or any tenant if none is given. */
  async allows(asker: Asker, tenantId = ""): Promise<boolean> {
    const { origin, address } = asker;
    if (!isOrigin(origin)) return false;
    const entry = `${tenantId} ${origin}`;
    if (this.#allowed.has(entry)) return true;
    if (this.#unknown.has(entry)) return false;

    // Who makes up origins gets no more of them looked up; one that was allowed before always is.
    const wasAllowed = this.#allowed.peek(entry, { allowStale: true }) === true;
    if (!wasAllowed && this.#failures.retryAfterSeconds(address) !== undefined) return false;
    const isAllowed = await this.#lookUp(origin, tenantId).catch((error: unknown) => {
      // While the database is away, what was allowed stays so: a page can then read the error.
      if (wasAllowed) return true;
      throw error;
    });
    if (isAllowed) {
      this.#allowed.set(entry, true);
      return true;
    }
    this.#allowed.delete(entry);
    this.#unknown.set(entry, true);
    this.#failures.recordFailure(address);
    return false;
  }

  async #lookUp(origin: string, tenantId: string): Promise<boolean> {
    const query = this.#database
      .from("tenants")
      .select("tenant_id")
      .contains("cors_origins", [origin]);
    const tenant = await unwrapFirst(
      (tenantId === "" ? query : query.eq("tenant_id", tenantId)).limit(1),
    );
    return tenant !== undefined;
  }
}
