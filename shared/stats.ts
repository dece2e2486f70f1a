import { z } from "zod";
import { messageStatusSchema } from "./message.ts";
import { sessionStateSchema } from "./session.ts";

const count = z.number().int();

/** The statistics of a tenant over a range of whole hours. */
export const statsSchema = z.object({
  api_calls: count,
  messages: z.object({
    in: count,
    out: count,
    by_status: z.partialRecord(messageStatusSchema, count),
    by_type: z.record(z.string(), count),
  }),
  sessions: z.object({ by_state: z.partialRecord(sessionStateSchema, count) }),
  webhooks: z.object({ delivered: count, failed: count, pending: count }),
  series: z.array(
    z.object({
      start: z.string(),
      api_calls: count,
      messages: z.object({ in: count, out: count }),
      webhooks: z.object({ delivered: count, failed: count }),
    }),
  ),
});
export type Stats = z.infer<typeof statsSchema>;
