import { z } from "@hono/zod-openapi";
import { invalidField } from "../http/validation.ts";

export const resumeHeaders = z.object({
  "last-event-id": z.string().optional().openapi({
    description:
      "The id of the last event received, to resume after it. EventSource sends it when it reconnects.",
  }),
});

export const resumeQuerySchema = z.object({
  last_event_id: z.string().optional().openapi({
    description:
      "The same as Last-Event-ID, for clients that cannot send headers. Without either, the stream starts with new events.",
  }),
});

export const streamContent = {
  "text/event-stream": {
    schema: z.string().openapi({
      description: "id is the event's seq, event its type, data the event as webhooks deliver it",
      example:
        'id: 42\nevent: message.received\ndata: {"id":"evt_...","type":"message.received"}\n\n',
    }),
  },
};

/** The seq to resume after. The header takes precedence over the query. */
export function positionOf(
  headers: z.infer<typeof resumeHeaders>,
  query: z.infer<typeof resumeQuerySchema>,
): number | undefined {
  const given = headers["last-event-id"] ?? query.last_event_id;
  if (given === undefined || given === "") return undefined;
  if (!/^\d{1,15}$/.test(given)) {
    throw invalidField("last_event_id", "Must be the id of an event of this stream, a number");
  }
  return Number(given);
}
