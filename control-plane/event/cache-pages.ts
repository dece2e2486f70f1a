import { LRUCache } from "lru-cache";
import type { EventPage, ReadPage } from "./read-pages.ts";

const maxPages = 4;
/** Short, because a tenant that is deleted and created again starts with seq 1 again. */
const ttlMs = 5_000;

/**
 * Keeps the pages read last, for clients that catch up at nearly the same position. A page that is
 * not the last one never changes.
 */
export function cachePages(readPage: ReadPage): ReadPage {
  const cache = new LRUCache<number, EventPage>({ max: maxPages, ttl: ttlMs, ttlAutopurge: true });
  return async (after) => {
    for (const [start, { events }] of cache.entries()) {
      const end = events.at(-1)?.seq ?? start;
      if (start > after || end <= after) continue;
      return { events: events.filter((event) => event.seq > after), isLast: false };
    }
    const page = await readPage(after);
    if (!page.isLast) cache.set(after, page);
    return page;
  };
}
