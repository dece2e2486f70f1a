import { z } from "@hono/zod-openapi";
import { eventSchema, type EventType } from "../../shared/event.ts";
import type { App } from "../http/app-env.ts";
import { messageSchema } from "../message/resource.ts";
import { sessionSchema } from "../session/resource.ts";

const message = messageSchema;
const session = z.object(sessionSchema.shape);

/** What each event is for, and its `data`. */
export const eventCatalogue: Record<EventType, { summary: string; data: z.ZodType }> = {
  "message.received": { summary: "A message arrived", data: message },
  "message.queued": { summary: "A message waits in the queue", data: message },
  "message.sent": { summary: "WhatsApp accepted a message", data: message },
  "message.delivered": { summary: "A message arrived at the recipient's phone", data: message },
  "message.read": { summary: "The recipient read a message", data: message },
  "message.failed": { summary: "A message was not sent; `error` says why", data: message },
  "message.media": {
    summary: "The file of a received message is there, or could not be had",
    data: message,
  },
  "session.connected": { summary: "A session is connected", data: session },
  "session.disconnected": {
    summary: "A session is not connected any more; `reason` says why",
    data: session.extend({ reason: z.string().optional() }),
  },
  "session.qr_code": {
    summary: "There is a QR code to scan",
    data: session.extend({
      qr: z
        .string()
        .nullable()
        .openapi({ description: "The content of the QR code; null once it has expired" }),
      expires_at: z.string(),
    }),
  },
  "webhook.disabled": {
    summary: "A webhook endpoint was switched off. Switch it on again with PATCH",
    data: z.object({
      endpoint_id: z.string(),
      url: z.string(),
      reason: z.enum(["gone", "failing"]).openapi({
        description: "gone: it responded with 410. failing: no delivery succeeded for three days.",
      }),
    }),
  },
};

const headers = z.object({
  "webhook-id": z.string().openapi({ description: "The event's id; the same for each attempt" }),
  "webhook-timestamp": z.string(),
  "webhook-signature": z.string().openapi({ description: "As Standard Webhooks defines it" }),
  "x-webhook-source": z.string(),
  "x-webhook-event": z.string(),
  "x-webhook-attempt": z.string(),
  "x-webhook-signature": z
    .string()
    .openapi({ description: "sha256= and the HMAC of the body in hex" }),
  "x-webhook-signature-former": z.string().optional().openapi({
    description: "The same with the former secret, during the overlap of a rotation",
  }),
});

/** Describes each event as a webhook of the OpenAPI document. */
export function describeEvents(app: App): void {
  for (const [type, { summary, data }] of Object.entries(eventCatalogue)) {
    const schema = z.object({ ...eventSchema.shape, type: z.literal(type), data });
    app.openAPIRegistry.registerWebhook({
      method: "post",
      path: type,
      tags: ["Events"],
      summary,
      security: [],
      request: {
        headers,
        body: { required: true, content: { "application/json": { schema } } },
      },
      responses: {
        "2XX": {
          description:
            "Any other answer, or none within 10 seconds, is retried after 5 s, 30 s and 5 min. 410 switches the endpoint off.",
        },
      },
    });
  }
}
