import { z } from "@hono/zod-openapi";
import { eventTypeSchema } from "../../shared/event.ts";
import { endpointColumns, endpointSchema } from "../webhook/resource.ts";

/** An endpoint as the operator sees it. */
export const webhookSchema = z
  .object({ tenant_id: z.string(), secret: z.string(), ...endpointSchema.shape })
  .openapi("WebhookEndpointWithSecret");

export const webhookColumns = `tenant_id,secret,${endpointColumns}` as const;

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
