import { createRoute, z } from "@hono/zod-openapi";
import { unwrap } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { decodeCursor, listOf, pageQuery, toPage } from "../http/list.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { adminRoute } from "./contract.ts";
import { findTenant } from "./find-tenant.ts";
import { keyColumns, keySchema } from "./key-resource.ts";
import { tenantParams } from "./tenant-resource.ts";

const route = createRoute({
  ...adminRoute,
  method: "get",
  path: "/admin/tenants/{tenantId}/keys",
  summary: "List a tenant's keys, oldest first",
  request: { params: tenantParams, query: z.object(pageQuery) },
  responses: {
    200: {
      description: "A page of keys, including revoked ones",
      content: { "application/json": { schema: listOf(keySchema) } },
    },
    ...problems("unauthorized", "not_found", "invalid_request", "database_unavailable"),
  },
});

export function listKeys(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.req.valid("param");
    const { limit, cursor, offset } = c.req.valid("query");
    let query = database
      .from("api_keys")
      .select(keyColumns)
      .eq("tenant_id", tenantId)
      .order("id")
      .range(offset, offset + limit);
    if (cursor !== undefined) query = query.gt("id", decodeCursor(cursor));
    await findTenant(database, tenantId);
    return c.json(toPage(await unwrap(query), { limit, idOf: (key) => key.id }), 200);
  });
}
