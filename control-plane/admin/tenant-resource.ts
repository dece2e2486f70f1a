import { z } from "@hono/zod-openapi";
import { ApiError } from "../../shared/errors.ts";
import { intervalMsOf, paceWarning } from "../../shared/queue.ts";
import { storableText } from "../../shared/text.ts";
import { originSchema } from "../cors/origin.ts";
import { queueSettingsFields, queueSettingsShown, warningSchema } from "../queue/settings.ts";
import { webhookUrl } from "../webhook/endpoint-settings.ts";

export const tenantIdForm = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

export const tenantIdSchema = z
  .string()
  .regex(tenantIdForm, "Must be 1 to 63 letters, digits, _ or -, starting with a letter or digit");

export const tenantSchema = z
  .object({
    tenant_id: z.string(),
    name: z.string(),
    webhook_url: z.string().nullable(),
    rate_limit_per_minute: z.number().int(),
    ...queueSettingsShown.shape,
    max_queued_messages: z.number().int(),
    max_sessions: z.number().int(),
    max_unpaired_sessions: z.number().int(),
    max_webhook_endpoints: z.number().int(),
    event_retention_days: z.number().int(),
    message_retention_days: z.number().int().nullable(),
    media_retention_days: z.number().int().nullable(),
    cors_origins: z.array(z.string()),
    suspended_at: z.string().nullable(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi("Tenant");

/** The response to a change: with the secret of a new default webhook endpoint, and what to know. */
export const tenantWithSecret = z
  .object({
    ...tenantSchema.shape,
    webhook_secret: z.string().optional().openapi({
      description:
        "Signs the deliveries to webhook_url. Shown once, by the request that makes the endpoint",
    }),
    warning: warningSchema,
  })
  .openapi("TenantWithSecret");

export const tenantColumns =
  "tenant_id,name,webhook_url,rate_limit_per_minute,send_interval_ms,max_messages_per_minute,poll_interval_ms,max_retries,max_queued_messages,max_sessions,max_unpaired_sessions,max_webhook_endpoints,event_retention_days,message_retention_days,media_retention_days,cors_origins,suspended_at,created_at,updated_at";

/** The settings that an operator may change. */
export const tenantSettings = z.object({
  name: storableText({ min: 1, max: 200 }),
  webhook_url: webhookUrl.nullish(),
  rate_limit_per_minute: z.number().int().min(1).max(1_000_000).optional(),
  ...queueSettingsFields.shape,
  max_queued_messages: z.number().int().min(0).max(10_000_000).optional(),
  max_sessions: z.number().int().min(0).max(1_000_000).optional(),
  max_unpaired_sessions: z.number().int().min(0).max(1_000_000).optional(),
  max_webhook_endpoints: z.number().int().min(0).max(1_000).optional(),
  event_retention_days: z.number().int().min(1).max(365).optional().openapi({
    description: "How long events and webhook deliveries are kept, for replay and resuming streams",
  }),
  message_retention_days: z.number().int().min(1).max(3650).nullish().openapi({
    description: "How long messages are kept; null keeps them",
  }),
  media_retention_days: z.number().int().min(1).max(3650).nullish().openapi({
    description: "How long files are kept; null keeps them as long as their messages",
  }),
  cors_origins: z
    .array(originSchema)
    .max(100)
    .optional()
    .openapi({
      description: "Origins of web pages that may call the API with a key of this tenant",
      example: ["https://app.example.com"],
    }),
});

export function withPaceWarning<Tenant extends Parameters<typeof intervalMsOf>[0]>(tenant: Tenant) {
  return { ...tenant, warning: paceWarning(intervalMsOf(tenant)) };
}

export const tenantParams = z.object({ tenantId: tenantIdSchema });

/** Any text is accepted as the id: one of another form leads to 404, not to 422. */
export const keyParams = tenantParams.extend({ keyId: z.string() });

export function tenantNotFound(tenantId: string): ApiError {
  return new ApiError(
    "not_found",
    `There is no tenant "${tenantId}". Create it with POST /admin/tenants.`,
  );
}
