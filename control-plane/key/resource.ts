import { z } from "@hono/zod-openapi";
import { scopeSchema } from "../../shared/scope.ts";
import { networkSchema, sessionIdSchema } from "../../shared/session.ts";
import { storableText } from "../../shared/text.ts";

const scopesSchema = z.array(scopeSchema).min(1).max(3).openapi({
  description:
    "read: sessions, messages, events, files, statistics. send: messages and the queue. manage: sessions and their pairing, keys, webhooks.",
});
const maxSessionIds = 100;

export const keySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    network: networkSchema,
    key_prefix: z.string().openapi({ description: "The first 10 characters of the key" }),
    scopes: scopesSchema,
    session_ids: z
      .array(z.string())
      .nullable()
      .openapi({ description: "The only sessions that the key may use; null means all" }),
    created_at: z.string(),
    expires_at: z.string().nullable(),
    revoked_at: z.string().nullable(),
  })
  .openapi("ApiKey");
export type ApiKey = z.infer<typeof keySchema>;

export const keyColumns =
  "id,name,network,key_prefix,scopes,session_ids,created_at,expires_at,revoked_at";

/** The one response that shows the key. */
export const keyWithSecret = z
  .object({
    ...keySchema.shape,
    key: z.string().openapi({ description: "Shown in this response only" }),
  })
  .openapi("ApiKeyWithSecret");

export const keySettings = z.strictObject({
  name: storableText({ min: 1, max: 100 }).optional(),
  network: networkSchema,
  scopes: scopesSchema.optional().openapi({ description: "All three unless given" }),
  session_ids: z.array(sessionIdSchema).min(1).max(maxSessionIds).nullish().openapi({
    description:
      "Binds the key to these sessions: it sees nothing of others. They need not exist yet.",
  }),
  expires_at: z.iso.datetime({ offset: true }).optional(),
});
export type KeySettings = z.infer<typeof keySettings>;

const maxOverlapHours = 720;

export const keyRotation = z.strictObject({
  overlap_hours: z.number().min(0).max(maxOverlapHours).default(24).openapi({
    description: "For how long the former key goes on working; with 0 it ends within 10 seconds",
  }),
});
export type KeyRotation = z.infer<typeof keyRotation>;
