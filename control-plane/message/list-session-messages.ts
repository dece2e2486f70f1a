import { createRoute } from "@hono/zod-openapi";
import type { App } from "../http/app-env.ts";
import { listOf } from "../http/list.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { findSession } from "../locate/session.ts";
import { sessionParams } from "../session/resource.ts";
import { messageQuerySchema } from "./filter.ts";
import { readPage } from "./read-page.ts";
import { messageSchema } from "./resource.ts";

const route = createRoute({
  method: "get",
  path: "/session/{sessionId}/messages",
  tags: ["Messages"],
  summary: "List a session's messages, newest first",
  request: { params: sessionParams, query: messageQuerySchema },
  responses: {
    200: {
      description: "A page of messages",
      content: { "application/json": { schema: listOf(messageSchema) } },
    },
    ...problems(
      "unauthorized",
      "rate_limited",
      "not_found",
      "invalid_request",
      "database_unavailable",
    ),
  },
});

export function listSessionMessages(app: App, services: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.get("caller");
    const { sessionId } = c.req.valid("param");
    const session = await findSession(services.database, { tenantId, sessionId });
    const scope = { tenantId, sessionUid: session.uid };
    return c.json(await readPage(services, scope, c.req.valid("query")), 200);
  });
}
