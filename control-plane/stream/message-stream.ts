import { createRoute } from "@hono/zod-openapi";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { findSession } from "../locate/session.ts";
import { sessionParams } from "../session/resource.ts";
import { positionOf, resumeHeaders, resumeQuerySchema, streamContent } from "./contract.ts";

const route = createRoute({
  method: "get",
  path: "/session/{sessionId}/messages/stream",
  tags: ["Events"],
  summary: "Stream a session's message events",
  request: { params: sessionParams, headers: resumeHeaders, query: resumeQuerySchema },
  responses: {
    200: { description: "Server-sent events of type message.*", content: streamContent },
    ...problems(
      "unauthorized",
      "rate_limited",
      "not_found",
      "invalid_request",
      "too_many_streams",
      "database_unavailable",
    ),
  },
});

export function streamMessages(app: App, { database, hubs }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId, keyId } = c.get("caller");
    const { sessionId } = c.req.valid("param");
    const after = positionOf(c.req.valid("header"), c.req.valid("query"));
    await findSession(database, { tenantId, sessionId });
    return hubs.stream({ tenantId, keyId, sessionId, after });
  });
}
