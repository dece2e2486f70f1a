import type { CacheStore } from "@whiskeysockets/baileys";
import { LRUCache } from "lru-cache";

/** What Baileys caches for one device and keeps across reconnects. */
export interface DeviceCaches {
  userDevicesCache: CacheStore;
  msgRetryCounterCache: CacheStore;
}

const deviceListTtlMs = 5 * 60_000;
const retryCounterTtlMs = 60 * 60_000;
const maxEntries = 1000;

/**
 * One set per device: a device leaves itself out of its own device list, and phone numbers of the
 * two networks are unrelated.
 */
export function createDeviceCaches(): DeviceCaches {
  return {
    userDevicesCache: cacheStore(deviceListTtlMs),
    msgRetryCounterCache: cacheStore(retryCounterTtlMs),
  };
}

function cacheStore(ttl: number): CacheStore {
  const cache = new LRUCache<string, { value: unknown }>({ max: maxEntries, ttl });
  return {
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as Baileys declares it
    get: <Value>(key: string) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Baileys reads what it wrote
      return cache.get(key)?.value as Value | undefined;
    },
    set: (key, value) => void cache.set(key, { value }),
    del: (key) => void cache.delete(key),
    flushAll: () => cache.clear(),
  };
}
