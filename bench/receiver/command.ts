import { z } from "zod";

/** Which requests to wait for: those of one event type whose key starts with a prefix. */
const waitSchema = z.object({
  type: z.literal("wait"),
  /** The last segment of the endpoint's path. */
  endpoint: z.string(),
  event: z.string(),
  prefix: z.string(),
  /** Distinct keys to wait for. */
  count: z.number(),
  timeoutMs: z.number(),
});

export const commandSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("url") }),
  waitSchema,
  /** Waits until no request has arrived for so long. */
  z.object({ type: z.literal("quiet"), forMs: z.number() }),
  /** The last body of an endpoint. */
  z.object({ type: z.literal("sample"), endpoint: z.string() }),
]);
export type Command = z.infer<typeof commandSchema>;
export type Wait = Omit<z.infer<typeof waitSchema>, "type" | "timeoutMs">;

export const resultSchema = z.object({
  url: z.string(),
  /** When each key arrived first, in milliseconds since 1970, of `wait`. */
  arrivals: z.array(z.tuple([z.string(), z.number()])),
  body: z.string(),
});
export type Result = z.infer<typeof resultSchema>;
