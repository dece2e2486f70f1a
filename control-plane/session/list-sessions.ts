import { createRoute, z } from "@hono/zod-openapi";
import { unwrap } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { decodeCursor, listOf, pageQuery, toPage } from "../http/list.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { sessionSchema, toSession } from "./resource.ts";

const route = createRoute({
  method: "get",
  path: "/tenant/sessions",
  tags: ["Sessions"],
  summary: "List sessions, oldest first",
  request: { query: z.object(pageQuery) },
  responses: {
    200: {
      description: "A page of sessions",
      content: { "application/json": { schema: listOf(sessionSchema) } },
    },
    ...problems("unauthorized", "rate_limited", "invalid_request", "database_unavailable"),
  },
});

export function listSessions(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const { limit, cursor, offset } = c.req.valid("query");
    const { tenantId, sessionIds } = c.get("caller");
    let query = database
      .from("session_resources")
      .select()
      .eq("tenant_id", tenantId)
      .order("uid")
      .range(offset, offset + limit);
    if (sessionIds !== null) query = query.in("session_id", sessionIds);
    if (cursor !== undefined) query = query.gt("uid", decodeCursor(cursor));
    const page = toPage(await unwrap(query), { limit, idOf: (row) => row.uid });
    return c.json({ data: page.data.map(toSession), next_cursor: page.next_cursor }, 200);
  });
}
