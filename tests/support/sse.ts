import { createParser } from "eventsource-parser";
import type { Event } from "../../shared/event.ts";
import type { Tenant } from "./api.ts";

export interface Stream {
  events: Event[];
  /** Resolves when it is over, whoever ended it. */
  ended: Promise<void>;
  /** Resolves with the first event, past or coming, that satisfies. */
  next(satisfies: (event: Event) => boolean, timeoutMs?: number): Promise<Event>;
  close(): void;
}

/** Opens an SSE stream and resolves once the server has answered. */
export async function openStream(
  tenant: Tenant,
  path: string,
  lastEventId?: number,
): Promise<Stream> {
  const abort = new AbortController();
  const response = await fetch(tenant.url + path, {
    headers: {
      ...tenant.headers,
      accept: "text/event-stream",
      ...(lastEventId === undefined ? {} : { "Last-Event-ID": String(lastEventId) }),
    },
    signal: abort.signal,
  });
  if (response.status !== 200 || response.body === null) {
    throw new Error(`No stream: ${response.status} ${await response.text()}`);
  }
  const events: Event[] = [];
  const waiting = new Set<() => void>();
  const parser = createParser({
    onEvent(message) {
      const event = JSON.parse(message.data) as Event;
      if (message.id !== String(event.seq) || message.event !== event.type) {
        throw new Error(`id and event must repeat seq and type: ${JSON.stringify(message)}`);
      }
      events.push(event);
      for (const look of waiting) look();
    },
  });
  const ended = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
    }
  })().catch(() => {}); // Closing the stream ends the loop with an error.

  return {
    events,
    ended,
    next(satisfies, timeoutMs = 15_000) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`No such event among ${events.map((event) => event.type).join(", ")}`));
        }, timeoutMs);
        const look = () => {
          const found = events.find(satisfies);
          if (found === undefined) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      });
    },
    close: () => abort.abort(),
  };
}
