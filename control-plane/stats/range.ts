import { z } from "@hono/zod-openapi";
import { invalidField } from "../http/validation.ts";

const hourMs = 3_600_000;
const lengthsMs = { hour: hourMs, day: 24 * hourMs };
const maxBuckets = { hour: 31 * 24, day: 400 };

const moment = z.iso.datetime({ offset: true }).optional();

export const statsQuerySchema = z.object({
  since: moment.openapi({ description: "24 hours before until unless given" }),
  until: moment.openapi({ description: "Now unless given" }),
  interval: z.enum(["hour", "day"]).optional().openapi({
    description:
      "The length of an entry of series, and what since and until are widened to (UTC). Unless given: hour up to 3 days, then day.",
  }),
});

export interface StatsRange {
  since: string;
  until: string;
  interval: "hour" | "day";
}

/**
 * The range of a query in whole hours or days, because that is what is counted.
 * @throws ApiError invalid_request when it is empty or too long
 */
export function rangeOf(query: z.infer<typeof statsQuerySchema>, now: number): StatsRange {
  const until = query.until === undefined ? now : Date.parse(query.until);
  const since = query.since === undefined ? until - 24 * hourMs : Date.parse(query.since);
  if (since >= until) throw invalidField("since", "Must be before until");
  const interval = query.interval ?? (until - since <= 3 * lengthsMs.day ? "hour" : "day");
  const lengthMs = lengthsMs[interval];
  const from = Math.floor(since / lengthMs) * lengthMs;
  const to = Math.ceil(until / lengthMs) * lengthMs;
  if ((to - from) / lengthMs > maxBuckets[interval]) {
    throw invalidField(
      "since",
      interval === "hour"
        ? "Must be at most 31 days before until, or use interval=day"
        : "Must be at most 400 days before until, which is how long counts are kept",
    );
  }
  return { since: new Date(from).toISOString(), until: new Date(to).toISOString(), interval };
}
