import { createRoute } from "@hono/zod-openapi";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { positionOf, resumeHeaders, resumeQuerySchema, streamContent } from "./contract.ts";

const route = createRoute({
  method: "get",
  path: "/tenant/events/stream",
  tags: ["Events"],
  summary: "Stream all events of the tenant",
  request: { headers: resumeHeaders, query: resumeQuerySchema },
  responses: {
    200: { description: "Server-sent events", content: streamContent },
    ...problems(
      "unauthorized",
      "rate_limited",
      "invalid_request",
      "too_many_streams",
      "database_unavailable",
    ),
  },
});

export function streamEvents(app: App, { hubs }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId, keyId, sessionIds } = c.get("caller");
    const after = positionOf(c.req.valid("header"), c.req.valid("query"));
    return hubs.stream({ tenantId, keyId, onlySessions: sessionIds, after });
  });
}
