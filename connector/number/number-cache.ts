import { LRUCache } from "lru-cache";
import type { Identity } from "../whatsapp/identity.ts";

const registeredTtlMs = 6 * 3_600_000;
/** Short: the contact may install WhatsApp at any time. */
const notRegisteredTtlMs = 60_000;

export interface NumberQuery {
  network: string;
  phone: string;
  tenantId: string;
  /** The connection that would be asked. */
  connection: object;
}

/**
 * Caches which numbers are on WhatsApp, so that only the first message to one needs a query. Tenants
 * share that a number exists, and nothing else: an answer that it does not is kept for the tenant who
 * asked, a failure for nobody, and only sends over the same connection wait for one query.
 */
export class NumberCache {
  readonly #registered: LRUCache<string, Identity>;
  readonly #notRegistered: LRUCache<string, true>;
  readonly #queries = new WeakMap<object, Map<string, Promise<Identity | undefined>>>();

  constructor(maxEntries: number, now: () => number = () => performance.now()) {
    const limits = { max: maxEntries, perf: { now }, ttlResolution: 0 };
    this.#registered = new LRUCache({ ...limits, ttl: registeredTtlMs });
    this.#notRegistered = new LRUCache({ ...limits, ttl: notRegisteredTtlMs });
  }

  /** Undefined when the number is not on WhatsApp. `query` runs when the answer is not cached. */
  async find(
    { network, phone, tenantId, connection }: NumberQuery,
    query: () => Promise<Identity | undefined>,
  ): Promise<Identity | undefined> {
    const name = `${network}|${phone}`;
    const known = this.#registered.get(name);
    if (known !== undefined) return known;
    const tenantsName = `${tenantId}|${name}`;
    if (this.#notRegistered.has(tenantsName)) return undefined;

    const running = this.#queriesOf(connection);
    const first = running.get(name);
    if (first !== undefined) return first;
    const answer = query()
      .then((identity) => {
        if (identity === undefined) this.#notRegistered.set(tenantsName, true);
        else this.#registered.set(name, identity);
        return identity;
      })
      .finally(() => running.delete(name));
    running.set(name, answer);
    return answer;
  }

  #queriesOf(connection: object): Map<string, Promise<Identity | undefined>> {
    const running = this.#queries.get(connection) ?? new Map();
    this.#queries.set(connection, running);
    return running;
  }
}
