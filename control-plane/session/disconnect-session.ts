import { createRoute } from "@hono/zod-openapi";
import { rejectTestKeyOnLive } from "../auth/reject-test-key.ts";
import type { App } from "../http/app-env.ts";
import { poll } from "../http/poll.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { findSession, locateSession } from "../locate/session.ts";
import { sessionParams, sessionSchema, toSession } from "./resource.ts";
import { setDesired } from "./set-desired.ts";

const stopTimeoutMs = 3_000;
const waitMs = 5_000;

const route = createRoute({
  method: "post",
  path: "/session/{sessionId}/disconnect",
  tags: ["Sessions"],
  summary: "Disconnect a session",
  description:
    "The session stays disconnected until it is connected again. Its credentials are kept, so that needs no new scan.",
  request: { params: sessionParams },
  responses: {
    200: {
      description: "The session",
      content: { "application/json": { schema: sessionSchema } },
    },
    ...problems("unauthorized", "rate_limited", "forbidden", "not_found", "database_unavailable"),
  },
});

export function disconnectSession(app: App, services: Services): void {
  const { database, connectors } = services;
  app.openapi(route, async (c) => {
    const caller = c.get("caller");
    const name = { tenantId: caller.tenantId, sessionId: c.req.valid("param").sessionId };
    const located = await locateSession(database, name);
    rejectTestKeyOnLive(caller, located);
    await setDesired(database, { ...name, desired: "disconnected" });
    // The connector also reads this from the database; the command is only faster.
    await connectors.sendOnce(located, { type: "stop", session_uid: located.uid }, stopTimeoutMs);

    const session = await poll(services, {
      timeoutMs: waitMs,
      read: () => findSession(database, name),
      until: ({ state }) => state === "disconnected",
    });
    return c.json(toSession(session), 200);
  });
}
