import { z } from "@hono/zod-openapi";
import type { DeliveryResource } from "../../shared/database.ts";

/** An endpoint. Its secret is shown once, when it is made. */
export const endpointSchema = z
  .object({
    id: z.string(),
    url: z.string(),
    events: z
      .array(z.string())
      .nullable()
      .openapi({ description: "The event types to deliver; null means all" }),
    enabled: z.boolean(),
    is_default: z
      .boolean()
      .openapi({ description: "Whether this endpoint is the tenant's webhook_url" }),
    cursor_seq: z.number().int().openapi({
      description:
        "Every event up to this seq was tried at least once or is not among the endpoint's types",
    }),
    failing_since: z
      .string()
      .nullable()
      .openapi({ description: "When the first failure after the last success was; null if none" }),
    disabled_reason: z.enum(["gone", "failing"]).nullable().openapi({
      description:
        "gone: the endpoint responded with 410. failing: no delivery succeeded for three days.",
    }),
    disabled_at: z.string().nullable(),
    former_secret_until: z.string().nullable().openapi({
      description:
        "Until then deliveries are signed with the secret before the last rotation too; null when there is none",
    }),
    created_at: z.string(),
  })
  .openapi("WebhookEndpoint");
export type Endpoint = z.infer<typeof endpointSchema>;

export const endpointColumns =
  "id,url,events,enabled,is_default,cursor_seq,failing_since,disabled_reason,disabled_at,former_secret_until,created_at";

export const deliveryStatusSchema = z.enum(["pending", "delivered", "dead"]);

export const deliverySchema = z
  .object({
    id: z.string(),
    endpoint_id: z.string(),
    event_id: z.string(),
    event_seq: z.number().int(),
    event_type: z.string(),
    status: deliveryStatusSchema.openapi({
      description: "pending: an attempt is still to come. dead: the last attempt failed.",
    }),
    attempts: z.number().int(),
    next_attempt_at: z.string().nullable(),
    status_code: z
      .number()
      .int()
      .nullable()
      .openapi({ description: "What the endpoint responded to the last attempt; null if nothing" }),
    error: z.string().nullable(),
    response: z
      .string()
      .nullable()
      .openapi({ description: "The first 200 characters of the last response's body" }),
    duration_ms: z.number().int().nullable(),
    created_at: z.string(),
    delivered_at: z.string().nullable(),
  })
  .openapi("WebhookDelivery");

export const deliveryColumns =
  "id,endpoint_id,event_id,event_seq,event_type,status,attempts,next_attempt_at,status_code,error,response,duration_ms,created_at,delivered_at";

export type Delivery = Omit<DeliveryResource, "tenant_id">;

/** Any text is accepted: an id of another form leads to 404, not to 422. */
export const deliveryParams = z.object({ deliveryId: z.string() });
export const endpointParams = z.object({ endpointId: z.string() });
