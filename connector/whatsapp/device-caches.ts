import type { CacheStore } from "@whiskeysockets/baileys";
import { LRUCache } from "lru-cache";

/** The caches of Baileys that one linked device keeps across reconnects. */
export interface DeviceCaches {
  userDevicesCache: CacheStore;
  msgRetryCounterCache: CacheStore;
}

const deviceListTtlMs = 5 * 60_000;
const retryCounterTtlMs = 60 * 60_000;
const maxEntries = 1000;

/**
 * Not shared between devices: each leaves itself out of the cached device list of its account, and
 * the same phone number may be another account in the other network.
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
