import { createRoute } from "@hono/zod-openapi";
import { rejectTestKeyOnLive } from "../auth/reject-test-key.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { findSession, locateSession } from "../locate/session.ts";
import { sessionParams, sessionSchema, toSession } from "./resource.ts";
import { setDesired } from "./set-desired.ts";

const route = createRoute({
  method: "post",
  path: "/session/{sessionId}/connect",
  tags: ["Sessions"],
  summary: "Connect a session",
  description: "Responds at once; events report the state. Has no effect on a connected session.",
  request: { params: sessionParams },
  responses: {
    200: {
      description: "The session",
      content: { "application/json": { schema: sessionSchema } },
    },
    ...problems(
      "unauthorized",
      "rate_limited",
      "forbidden",
      "not_found",
      "quota_exceeded",
      "database_unavailable",
    ),
  },
});

export function connectSession(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const caller = c.get("caller");
    const name = { tenantId: caller.tenantId, sessionId: c.req.valid("param").sessionId };
    rejectTestKeyOnLive(caller, await locateSession(database, name));
    await setDesired(database, { ...name, desired: "connected" });
    return c.json(toSession(await findSession(database, name)), 200);
  });
}
