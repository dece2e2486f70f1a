import { z } from "zod";

const instant = z.iso.datetime({
  offset: true,
  error: "Must be a time with its zone, such as 2026-12-24T18:00:00Z",
});
const flag = z.union(
  [z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")],
  { error: "Must be true or false" },
);

/** What a request to send says about the queue. In a form every field is a text. */
export const queueFieldsSchema = z.object({
  queue: flag.optional(),
  send_at: instant.optional(),
  expires_at: instant.optional(),
  priority: z
    .union(
      [
        z.number(),
        z
          .string()
          .regex(/^-?\d+$/)
          .transform(Number),
      ],
      {
        error: "Must be a whole number from -10 to 10",
      },
    )
    .pipe(z.number().int().min(-10).max(10))
    .optional(),
});
export type QueueFields = z.infer<typeof queueFieldsSchema>;

const maxAheadMs = 366 * 86_400_000;

/** What is wrong with these fields together, by the field. */
export function queueFieldErrors(
  { queue, send_at, expires_at, priority }: QueueFields,
  nowMs: number,
): { field: string; detail: string }[] {
  const errors: { field: string; detail: string }[] = [];
  if (queue !== true) {
    for (const [field, value] of Object.entries({ send_at, expires_at, priority })) {
      if (value !== undefined)
        errors.push({ field, detail: 'Is for queued messages only: set "queue" to true' });
    }
    return errors;
  }
  const sendMs = send_at === undefined ? nowMs : Date.parse(send_at);
  if (sendMs > nowMs + maxAheadMs) {
    errors.push({ field: "send_at", detail: "Must be within a year" });
  }
  if (expires_at !== undefined && Date.parse(expires_at) <= Math.max(sendMs, nowMs)) {
    errors.push({ field: "expires_at", detail: "Must be in the future, and after send_at" });
  }
  return errors;
}
