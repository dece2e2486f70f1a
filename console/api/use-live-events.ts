import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { eventTypes } from "../../shared/event-types.ts";
import type { Event } from "./types.ts";

const kept = 200;

/** The tenant's events since the page was opened, newest first. They also refresh what is shown. */
export function useLiveEvents(): Event[] {
  const queries = useQueryClient();
  const [events, setEvents] = useState<Event[]>([]);
  useEffect(() => {
    const source = new EventSource("/tenant/events/stream");
    const onEvent = ({ data }: MessageEvent<string>) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own API's event
      const event = JSON.parse(data) as Event;
      setEvents((earlier) => [event, ...earlier].slice(0, kept));
      const [subject] = event.type.split(".");
      void queries.invalidateQueries({
        queryKey: [subject === "message" ? "messages" : "sessions"],
      });
      if (subject === "webhook") void queries.invalidateQueries({ queryKey: ["webhooks"] });
    };
    for (const type of eventTypes) source.addEventListener(type, onEvent);
    return () => source.close();
  }, [queries]);
  return events;
}
