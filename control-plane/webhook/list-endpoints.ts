import { createRoute, z } from "@hono/zod-openapi";
import { unwrap } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { decodeCursor, listOf, pageQuery, toPage } from "../http/list.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { endpointColumns, endpointSchema } from "./resource.ts";

const route = createRoute({
  method: "get",
  path: "/tenant/webhooks",
  tags: ["Webhooks"],
  summary: "List the tenant's webhook endpoints, oldest first",
  request: { query: z.object(pageQuery) },
  responses: {
    200: {
      description: "A page of endpoints",
      content: { "application/json": { schema: listOf(endpointSchema) } },
    },
    ...problems("unauthorized", "rate_limited", "invalid_request", "database_unavailable"),
  },
});

export function listEndpoints(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const { limit, cursor, offset } = c.req.valid("query");
    let query = database
      .from("webhook_endpoints")
      .select(endpointColumns)
      .eq("tenant_id", c.get("caller").tenantId)
      .order("id")
      .range(offset, offset + limit);
    if (cursor !== undefined) query = query.gt("id", decodeCursor(cursor));
    return c.json(toPage(await unwrap(query), { limit, idOf: ({ id }) => id }), 200);
  });
}
