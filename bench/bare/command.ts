import { z } from "zod";

/** A command to the process that runs bare Baileys. Each one has one result. */
export const commandSchema = z.discriminatedUnion("type", [
  /** Adds sessions, so many at a time. */
  z.object({ type: z.literal("pair"), count: z.number(), batch: z.number() }),
  z.object({
    type: z.literal("send"),
    /** How many of the paired sessions send, in turn. */
    sessions: z.number(),
    total: z.number(),
    concurrency: z.number(),
    to: z.array(z.string()),
  }),
  /** Waits until so many texts with this prefix were received. */
  z.object({ type: z.literal("receive"), prefix: z.string(), count: z.number() }),
]);
export type Command = z.infer<typeof commandSchema>;

export const resultSchema = z.object({
  latencies: z.array(z.number()),
  seconds: z.number(),
  /** The numbers of the sessions that `pair` added. */
  numbers: z.array(z.string()),
  /** When each text of `receive` arrived, in milliseconds since 1970. */
  arrivals: z.array(z.tuple([z.string(), z.number()])),
});
export type Result = z.infer<typeof resultSchema>;
