import { LRUCache } from "lru-cache";
import type { Identity } from "../whatsapp/identity.ts";

const registeredTtlMs = 6 * 3_600_000;
/** Short: the contact may install WhatsApp at any time. */
const notRegisteredTtlMs = 60_000;

/** Caches which numbers are on WhatsApp, so that only the first message to one needs a query. */
export class NumberCache {
  readonly #known: LRUCache<string, { identity: Identity | undefined }>;
  readonly #queries = new Map<string, Promise<Identity | undefined>>();

  constructor(maxEntries: number) {
    this.#known = new LRUCache({ max: maxEntries });
  }

  /** Undefined when the number is not on WhatsApp. `query` runs when the answer is not cached. */
  async find(
    key: { network: string; phone: string },
    query: () => Promise<Identity | undefined>,
  ): Promise<Identity | undefined> {
    const name = `${key.network}|${key.phone}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known.identity;
    return this.#queries.get(name) ?? this.#startQuery(name, query);
  }

  #startQuery(
    name: string,
    query: () => Promise<Identity | undefined>,
  ): Promise<Identity | undefined> {
    const running = query()
      .then((identity) => {
        const ttl = identity === undefined ? notRegisteredTtlMs : registeredTtlMs;
        this.#known.set(name, { identity }, { ttl });
        return identity;
      })
      .finally(() => this.#queries.delete(name));
    this.#queries.set(name, running);
    return running;
  }
}
