import { createRoute } from "@hono/zod-openapi";
import { rejectTestKeyOnLive } from "../auth/reject-test-key.ts";
import { unwrap } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { locateSession, sessionNotFound } from "../locate/session.ts";
import { sessionParams } from "./resource.ts";

const unlinkTimeoutMs = 4_000;

const route = createRoute({
  method: "delete",
  path: "/session/{sessionId}",
  tags: ["Sessions"],
  summary: "Unlink and delete a session",
  description: "Its messages remain in GET /tenant/messages.",
  request: { params: sessionParams },
  responses: {
    204: { description: "The session was deleted" },
    ...problems("unauthorized", "rate_limited", "forbidden", "not_found", "database_unavailable"),
  },
});

export function deleteSession(app: App, { database, connectors }: Services): void {
  app.openapi(route, async (c) => {
    const caller = c.get("caller");
    const name = { tenantId: caller.tenantId, sessionId: c.req.valid("param").sessionId };
    const located = await locateSession(database, name);
    rejectTestKeyOnLive(caller, located);
    // A session can be deleted even when its connector does not respond.
    await connectors.sendOnce(
      located,
      { type: "unlink", session_uid: located.uid },
      unlinkTimeoutMs,
    );

    const existed = await unwrap(
      database.rpc("delete_session", {
        tenant_id: name.tenantId,
        session_id: name.sessionId,
      }),
    );
    if (!existed) throw sessionNotFound(name);
    return c.body(null, 204);
  });
}
