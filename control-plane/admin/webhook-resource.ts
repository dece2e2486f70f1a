import { z } from "@hono/zod-openapi";
import { eventTypeSchema } from "../../shared/event.ts";

export const webhookSchema = z
  .object({
    id: z.string(),
    tenant_id: z.string(),
    url: z.string(),
    secret: z.string(),
    events: z
      .array(z.string())
      .nullable()
      .openapi({ description: "The event types to deliver; null means all" }),
    enabled: z.boolean(),
    is_default: z
      .boolean()
      .openapi({ description: "Whether this endpoint is the tenant's webhook_url" }),
    created_at: z.string(),
  })
  .openapi("WebhookEndpoint");

export const webhookColumns = "id,tenant_id,url,secret,events,enabled,is_default,created_at";

/** Stored in the normalized form, so that every URL parser reads the same host from it. */
export const webhookUrl = z.url({ protocol: /^https?$/, normalize: true }).max(2_000);

export const webhookSettings = z.object({
  url: webhookUrl,
  secret: z
    .string()
    .regex(/^[\x21-\x7e]{16,200}$/, "Must be 16 to 200 printable ASCII characters without spaces")
    .optional()
    .openapi({ description: "whsec_ followed by random bytes in base64; generated when omitted" }),
  events: z.array(eventTypeSchema).min(1).nullish(),
});

const secretBytes = 32;

export function makeSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(secretBytes));
  return `whsec_${btoa(String.fromCharCode(...bytes))}`;
}
