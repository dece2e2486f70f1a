import { createRoute, z } from "@hono/zod-openapi";
import { unwrap } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { decodeCursor, listOf, pageQuery, toPage } from "../http/list.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { endpointColumns, endpointSchema } from "../webhook/resource.ts";
import { adminRoute } from "./contract.ts";
import { findTenant } from "./find-tenant.ts";
import { tenantParams } from "./tenant-resource.ts";

const route = createRoute({
  ...adminRoute,
  method: "get",
  path: "/admin/tenants/{tenantId}/webhooks",
  summary: "List a tenant's webhook endpoints, oldest first",
  request: { params: tenantParams, query: z.object(pageQuery) },
  responses: {
    200: {
      description: "A page of endpoints",
      content: { "application/json": { schema: listOf(endpointSchema) } },
    },
    ...problems("unauthorized", "not_found", "invalid_request", "database_unavailable"),
  },
});

export function listWebhooks(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.req.valid("param");
    const { limit, cursor, offset } = c.req.valid("query");
    let query = database
      .from("webhook_endpoints")
      .select(endpointColumns)
      .eq("tenant_id", tenantId)
      .order("id")
      .range(offset, offset + limit);
    if (cursor !== undefined) query = query.gt("id", decodeCursor(cursor));
    await findTenant(database, tenantId);
    return c.json(toPage(await unwrap(query), { limit, idOf: (webhook) => webhook.id }), 200);
  });
}
