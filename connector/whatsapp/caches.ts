import type { CacheStore } from "@whiskeysockets/baileys";
import { Recent } from "../keys/recent.ts";
import type { LinkCaches } from "./link.ts";

const devicesForMs = 5 * 60_000;
const retriesForMs = 60 * 60_000;
const entries = 1000;

/** For one device: its own device list leaves itself out, and no two networks share numbers. */
export function createLinkCaches(): LinkCaches {
  return {
    userDevicesCache: cacheFor(devicesForMs),
    msgRetryCounterCache: cacheFor(retriesForMs),
  };
}

function cacheFor(ms: number): CacheStore {
  const recent = new Recent<{ value: unknown; until: number }>(entries);
  return {
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as Baileys declares it
    get: <Value>(key: string) => {
      const entry = recent.get(key);
      if (entry === undefined || entry.until <= performance.now()) return undefined;
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it reads what it wrote
      return entry.value as Value;
    },
    set: (key, value) => recent.set(key, { value, until: performance.now() + ms }),
    del: (key) => recent.delete(key),
    flushAll: () => recent.clear(),
  };
}
