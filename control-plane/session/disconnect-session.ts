import { createRoute } from "@hono/zod-openapi";
import { refuseTestKeyOnLive } from "../auth/caller.ts";
import type { App } from "../http/app-env.ts";
import { poll } from "../http/poll.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { findSession, locateSession } from "./find.ts";
import { sessionParams, sessionSchema, toSession } from "./resource.ts";
import { wantSession } from "./want.ts";

const stopTimeoutMs = 3_000;
const waitMs = 5_000;

const route = createRoute({
  method: "post",
  path: "/session/{sessionId}/disconnect",
  tags: ["Sessions"],
  summary: "Disconnect a session until it is asked for again",
  description: "What it needs to log in again is kept: it connects later without a new scan.",
  request: { params: sessionParams },
  responses: {
    200: {
      description: "The session",
      content: { "application/json": { schema: sessionSchema } },
    },
    ...problems("unauthorized", "forbidden", "not_found", "database_unavailable"),
  },
});

export function disconnectSession(app: App, services: Services): void {
  const { database, connectors } = services;
  app.openapi(route, async (c) => {
    const caller = c.get("caller");
    const name = { tenantId: caller.tenantId, sessionId: c.req.valid("param").sessionId };
    const located = await locateSession(database, name);
    refuseTestKeyOnLive(caller, located);
    await wantSession(database, { ...name, desired: "disconnected" });
    // Its connector learns it from the database anyway: this is only faster.
    await connectors.tell(located, { type: "stop", session_uid: located.uid }, stopTimeoutMs);

    const session = await poll(services, {
      forMs: waitMs,
      read: () => findSession(database, name),
      until: ({ state }) => state === "disconnected",
    });
    return c.json(toSession(session), 200);
  });
}
