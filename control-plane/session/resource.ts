import { sessionSchema as sharedSchema, type Session } from "../../shared/session.ts";
import type { SessionResource } from "../../shared/database.ts";
import { z } from "@hono/zod-openapi";

export const sessionSchema = z.object(sharedSchema.shape).openapi("Session");

/** Any text is accepted: an invalid session id leads to 404, not to 422. */
export const sessionParams = z.object({
  sessionId: z.string().openapi({ example: "main" }),
});

/** A session as the API shows it, without internal columns. */
export function toSession({ uid: _uid, tenant_id: _tenant, ...session }: SessionResource): Session {
  return session;
}
