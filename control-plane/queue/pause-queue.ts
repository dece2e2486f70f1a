import { createRoute, z } from "@hono/zod-openapi";
import { rejectTestKeyOnLive } from "../auth/reject-test-key.ts";
import { unwrap } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import { findSession, sessionNotFound } from "../locate/session.ts";
import type { Services } from "../services.ts";
import { sessionParams } from "../session/resource.ts";

const contract = {
  method: "post" as const,
  tags: ["Queue"],
  request: { params: sessionParams },
  responses: {
    200: {
      description: "Whether the queue is paused",
      content: { "application/json": { schema: z.object({ paused: z.boolean() }) } },
    },
    ...problems("unauthorized", "forbidden", "not_found", "database_unavailable"),
  },
};

const changes = [
  {
    paused: true,
    route: createRoute({
      ...contract,
      path: "/session/{sessionId}/queue/pause",
      summary: "Pause a session's queue",
      description:
        "A message that is on its way already is finished. Messages can still be queued, and sent at once.",
    }),
  },
  {
    paused: false,
    route: createRoute({
      ...contract,
      path: "/session/{sessionId}/queue/resume",
      summary: "Resume a session's queue",
    }),
  },
];

export function pauseQueue(app: App, { database }: Services): void {
  for (const { route, paused } of changes) {
    app.openapi(route, async (c) => {
      const caller = c.get("caller");
      const name = { tenantId: caller.tenantId, sessionId: c.req.valid("param").sessionId };
      rejectTestKeyOnLive(caller, await findSession(database, name));
      const existed = await unwrap(
        database.rpc("pause_queue", {
          tenant_id: name.tenantId,
          session_id: name.sessionId,
          paused,
        }),
      );
      if (!existed) throw sessionNotFound(name);
      return c.json({ paused }, 200);
    });
  }
}
