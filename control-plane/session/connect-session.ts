import { createRoute } from "@hono/zod-openapi";
import { refuseTestKeyOnLive } from "../auth/caller.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { findSession, locateSession } from "./find.ts";
import { sessionParams, sessionSchema, toSession } from "./resource.ts";
import { wantSession } from "./want.ts";

const route = createRoute({
  method: "post",
  path: "/session/{sessionId}/connect",
  tags: ["Sessions"],
  summary: "Connect a session that was disconnected",
  description: "Answers at once; the state follows by events. Does nothing to a connected session.",
  request: { params: sessionParams },
  responses: {
    200: {
      description: "The session",
      content: { "application/json": { schema: sessionSchema } },
    },
    ...problems("unauthorized", "forbidden", "not_found", "database_unavailable"),
  },
});

export function connectSession(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const caller = c.get("caller");
    const name = { tenantId: caller.tenantId, sessionId: c.req.valid("param").sessionId };
    refuseTestKeyOnLive(caller, await locateSession(database, name));
    await wantSession(database, { ...name, desired: "connected" });
    return c.json(toSession(await findSession(database, name)), 200);
  });
}
