import { sessionSchema as sharedSchema, type Session } from "../../shared/session.ts";
import type { SessionResource } from "../../shared/database.ts";
import { z } from "@hono/zod-openapi";

export const sessionSchema = z.object(sharedSchema.shape).openapi("Session");

/** Any text: an id that no session can have is simply not found. */
export const sessionParams = z.object({
  sessionId: z.string().openapi({ example: "main" }),
});

/** A session as callers see it, without what is only ours. */
export function toSession({ uid: _uid, tenant_id: _tenant, ...session }: SessionResource): Session {
  return session;
}
