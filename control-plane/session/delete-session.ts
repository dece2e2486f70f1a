import { createRoute } from "@hono/zod-openapi";
import { refuseTestKeyOnLive } from "../auth/caller.ts";
import { dataOf } from "../database/answer.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { locateSession, noSuchSession } from "./find.ts";
import { sessionParams } from "./resource.ts";

const unlinkTimeoutMs = 4_000;

const route = createRoute({
  method: "delete",
  path: "/session/{sessionId}",
  tags: ["Sessions"],
  summary: "Unlink a session and remove it",
  description: "Its message history stays in GET /tenant/messages.",
  request: { params: sessionParams },
  responses: {
    204: { description: "It is gone" },
    ...problems("unauthorized", "forbidden", "not_found", "database_unavailable"),
  },
});

export function deleteSession(app: App, { database, connectors }: Services): void {
  app.openapi(route, async (c) => {
    const caller = c.get("caller");
    const name = { tenantId: caller.tenantId, sessionId: c.req.valid("param").sessionId };
    const located = await locateSession(database, name);
    refuseTestKeyOnLive(caller, located);
    // A connector that is gone must not keep a session from being deleted.
    await connectors.tell(located, { type: "unlink", session_uid: located.uid }, unlinkTimeoutMs);

    const existed = dataOf(
      await database.rpc("delete_session", {
        tenant_id: name.tenantId,
        session_id: name.sessionId,
      }),
    );
    if (!existed) throw noSuchSession(name);
    return c.body(null, 204);
  });
}
