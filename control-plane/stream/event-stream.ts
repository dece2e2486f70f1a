import { createRoute } from "@hono/zod-openapi";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { positionOf, resumeQuerySchema, streamContent } from "./contract.ts";

const route = createRoute({
  method: "get",
  path: "/tenant/events/stream",
  tags: ["Events"],
  summary: "Follow all events of the tenant",
  request: { query: resumeQuerySchema },
  responses: {
    200: { description: "Server-sent events", content: streamContent },
    ...problems("unauthorized", "invalid_request", "database_unavailable"),
  },
});

export function streamEvents(app: App, { hubs }: Services): void {
  app.openapi(route, async (c) =>
    hubs.stream({
      tenantId: c.get("caller").tenantId,
      after: positionOf(c.req.header("last-event-id"), c.req.valid("query")),
    }),
  );
}
