import { LRUCache } from "lru-cache";
import type { LocatedSession } from "../../shared/database.ts";
import type { SessionName } from "../locate/session.ts";

/** Shorter than a connector that stops still answers (`stopLingerMs`). */
const ttlMs = 1_000;
const maxEntries = 20_000;

/**
 * Remembers which connector owns a connected session, so that a send needs no look-up. An entry
 * may be outdated: a connector that is not the owner any more says so and does nothing.
 */
export class OwnerCache {
  readonly #sessions: LRUCache<string, LocatedSession>;

  constructor(now: () => number) {
    this.#sessions = new LRUCache({ max: maxEntries, ttl: ttlMs, perf: { now }, ttlResolution: 0 });
  }

  get(name: SessionName): LocatedSession | undefined {
    return this.#sessions.get(keyOf(name));
  }

  /** Keeps a session that is connected, and forgets any other. */
  set(name: SessionName, located: LocatedSession): void {
    const isConnected = located.state === "connected" && located.connector_url !== null;
    if (isConnected) this.#sessions.set(keyOf(name), located);
    else this.delete(name);
  }

  delete(name: SessionName): void {
    this.#sessions.delete(keyOf(name));
  }
}

function keyOf({ tenantId, sessionId }: SessionName): string {
  return `${tenantId}/${sessionId}`;
}
