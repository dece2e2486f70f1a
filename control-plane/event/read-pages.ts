import type { Event } from "../../shared/event.ts";
import { type EncodedEvent, encodeEvent } from "./sse.ts";

export interface EventPage {
  events: EncodedEvent[];
  /** No further events were visible when the page was read. */
  isLast: boolean;
}

/** Reads a page of a tenant's events after a seq, in order. */
export type ReadPage = (after: number) => Promise<EventPage>;

const firstPageSize = 64;
const minPageSize = 8;
const maxPageSize = 500;
/** Reads pages of about `pageBytes`: the last page's event size decides how many are read next. */
export function readPages(
  read: (page: { after: number; limit: number }) => Promise<Event[]>,
  pageBytes: number,
): ReadPage {
  let limit = firstPageSize;
  return async (after) => {
    const usedLimit = limit;
    const events = (await read({ after, limit: usedLimit })).map(encodeEvent);
    if (events.length > 0) {
      const bytes = events.reduce((sum, event) => sum + event.bytes.length, 0);
      const fitting = Math.floor((pageBytes * events.length) / bytes);
      limit = Math.min(maxPageSize, Math.max(minPageSize, fitting));
    }
    return { events, isLast: events.length < usedLimit };
  };
}
