import { createParser } from "eventsource-parser";
import { z } from "zod";
import { EventLog } from "./event-log.ts";

export interface StreamedEvent {
  id: string | undefined;
  event: string;
  data: Record<string, unknown>;
}

export interface EventStream {
  next: () => Promise<StreamedEvent>;
  close: () => Promise<void>;
}

/** Opens a server-sent event stream; resolves once the server has responded. */
export async function openEventStream(url: string, lastEventId?: string): Promise<EventStream> {
  const log = new EventLog<{ event: StreamedEvent }>();
  const parser = createParser({
    onEvent: ({ id, event = "", data }) => {
      const parsed = z.record(z.string(), z.unknown()).parse(JSON.parse(data));
      log.add("event", { id, event, data: parsed });
    },
  });
  const abort = new AbortController();
  const response = await fetch(url, {
    signal: abort.signal,
    headers: lastEventId ? { "last-event-id": lastEventId } : {},
  });
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? [])
      parser.feed(decoder.decode(chunk, { stream: true }));
  };
  // `close` aborts it.
  const ended = read().catch(() => {});
  return {
    next: () => log.next("event", (event) => event),
    close: async () => {
      abort.abort();
      await ended;
    },
  };
}
