import { z } from "@hono/zod-openapi";
import { mediaSchema } from "../../shared/media.ts";
import { queueEntrySchema as sharedEntry } from "../../shared/queue.ts";
import { messageSchema as sharedSchema } from "../../shared/message.ts";

export const messageSchema = z
  .object({
    ...sharedSchema.shape,
    media: z.object(mediaSchema.shape).openapi("Media").nullable(),
  })
  .openapi("Message");

export const queueEntrySchema = z
  .object({
    position: sharedEntry.shape.position.openapi({
      description: "1 is next; null while the message waits for its send_at",
    }),
    estimated_send_at: sharedEntry.shape.estimated_send_at.openapi({
      description: "If nothing changes; null while nothing is sent from the queue",
    }),
    send_at: sharedEntry.shape.send_at,
    expires_at: sharedEntry.shape.expires_at,
    priority: sharedEntry.shape.priority,
  })
  .openapi("QueueEntry");

/** The answer 202 of the send endpoints. */
export const acceptedMessageSchema = z
  .object({
    ...messageSchema.shape,
    queue: queueEntrySchema
      .nullable()
      .optional()
      .openapi({ description: "Of a message that was queued; null when it has left the queue" }),
  })
  .openapi("AcceptedMessage");

/** The response of the send endpoints. */
export const messageResponse = {
  headers: z.object({
    "Idempotent-Replayed": z.literal("true").optional().openapi({
      description: "The Idempotency-Key was used before: this is the message of the first request",
    }),
  }),
  content: { "application/json": { schema: messageSchema } },
};

/** The response of the send endpoints when the message is on its way, or queued. */
export const acceptedResponse = {
  headers: messageResponse.headers,
  content: { "application/json": { schema: acceptedMessageSchema } },
};
