import { z } from "@hono/zod-openapi";
import { mediaSchema } from "../../shared/media.ts";
import { messageSchema as sharedSchema } from "../../shared/message.ts";

export const messageSchema = z
  .object({
    ...sharedSchema.shape,
    media: z.object(mediaSchema.shape).openapi("Media").nullable(),
  })
  .openapi("Message");

/** The response of the send endpoints. */
export const messageResponse = {
  headers: z.object({
    "Idempotent-Replayed": z.literal("true").optional().openapi({
      description: "The Idempotency-Key was used before: this is the message of the first request",
    }),
  }),
  content: { "application/json": { schema: messageSchema } },
};
