import { z } from "zod";

/** What the bench asks of the process that holds bare Baileys; each has one answer. */
export const commandSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("pair"), count: z.number(), batch: z.number() }),
  z.object({
    type: z.literal("send"),
    /** How many of the paired sessions take part, in turn. */
    sessions: z.number(),
    total: z.number(),
    concurrency: z.number(),
    to: z.array(z.string()),
  }),
  z.object({ type: z.literal("usage") }),
]);
export type Command = z.infer<typeof commandSchema>;

export const answerSchema = z.object({
  latencies: z.array(z.number()),
  seconds: z.number(),
  usage: z.object({ cpuMs: z.number(), residentBytes: z.number(), heapUsedBytes: z.number() }),
});
export type Answer = z.infer<typeof answerSchema>;
