import { z } from "@hono/zod-openapi";
import { eventTypeSchema } from "../../shared/event.ts";
import { endpointSchema } from "./resource.ts";

/** Stored in the normalized form, so that every URL parser reads the same host from it. */
export const webhookUrl = z.url({ protocol: /^https?$/, normalize: true }).max(2_000);

const secret = z
  .string()
  .regex(
    /^(?!sealed:)[\x21-\x7e]{16,200}$/,
    "Must be 16 to 200 printable ASCII characters without spaces",
  )
  .optional()
  .openapi({ description: "whsec_ followed by random bytes in base64; generated when omitted" });

export const endpointSettings = z.strictObject({
  url: webhookUrl,
  secret,
  events: z.array(eventTypeSchema).min(1).nullish(),
});
export type EndpointSettings = z.infer<typeof endpointSettings>;

export const endpointChanges = endpointSettings
  .omit({ secret: true })
  .partial()
  .extend({ enabled: z.boolean().optional() });
export type EndpointChanges = z.infer<typeof endpointChanges>;

const maxOverlapHours = 720;

export const rotation = z.strictObject({
  secret,
  overlap_hours: z.number().min(0).max(maxOverlapHours).default(24).openapi({
    description: "For how long deliveries are signed with the former secret too",
  }),
});
export type Rotation = z.infer<typeof rotation>;

/** The one response that shows the secret. */
export const endpointWithSecret = z
  .object({
    ...endpointSchema.shape,
    secret: z.string().openapi({ description: "Shown in this response only" }),
  })
  .openapi("WebhookEndpointWithSecret");

const secretBytes = 32;

export function makeSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(secretBytes));
  return `whsec_${btoa(String.fromCharCode(...bytes))}`;
}
