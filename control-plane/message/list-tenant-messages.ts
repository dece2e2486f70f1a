import { createRoute } from "@hono/zod-openapi";
import type { App } from "../http/app-env.ts";
import { listOf } from "../http/list.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { messageQuerySchema } from "./filter.ts";
import { readPage } from "./read-page.ts";
import { messageSchema } from "./resource.ts";

const route = createRoute({
  method: "get",
  path: "/tenant/messages",
  tags: ["Messages"],
  summary: "List the messages of all sessions, newest first",
  description: "Also those of sessions that were deleted since.",
  request: { query: messageQuerySchema },
  responses: {
    200: {
      description: "A page of messages",
      content: { "application/json": { schema: listOf(messageSchema) } },
    },
    ...problems("unauthorized", "rate_limited", "invalid_request", "database_unavailable"),
  },
});

export function listTenantMessages(app: App, services: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId, sessionIds } = c.get("caller");
    return c.json(await readPage(services, { tenantId, sessionIds }, c.req.valid("query")), 200);
  });
}
