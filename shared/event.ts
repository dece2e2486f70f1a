import { z } from "zod";
import { eventTypes } from "./event-types.ts";

export const eventTypeSchema = z.enum(eventTypes);
export type EventType = z.infer<typeof eventTypeSchema>;

/** An event as delivered by SSE, webhooks and Realtime. `seq` has no gaps within a tenant. */
export const eventSchema = z.object({
  id: z.string(),
  type: eventTypeSchema,
  timestamp: z.string(),
  tenant_id: z.string(),
  session_id: z.string().nullable(),
  seq: z.number().int(),
  data: z.record(z.string(), z.unknown()),
});
export type Event = z.infer<typeof eventSchema>;
