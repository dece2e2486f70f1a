import { createRoute, z } from "@hono/zod-openapi";
import { unwrap } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { decodeCursor, listOf, pageQuery, toPage } from "../http/list.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { adminRoute } from "./contract.ts";
import { tenantColumns, tenantIdForm, tenantSchema } from "./tenant-resource.ts";

const route = createRoute({
  ...adminRoute,
  method: "get",
  path: "/admin/tenants",
  summary: "List tenants, ordered by id",
  request: { query: z.object(pageQuery) },
  responses: {
    200: {
      description: "A page of tenants",
      content: { "application/json": { schema: listOf(tenantSchema) } },
    },
    ...problems("unauthorized", "invalid_request", "database_unavailable"),
  },
});

export function listTenants(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const { limit, cursor, offset } = c.req.valid("query");
    let query = database
      .from("tenants")
      .select(tenantColumns)
      .order("tenant_id")
      .range(offset, offset + limit);
    if (cursor !== undefined) query = query.gt("tenant_id", decodeCursor(cursor, tenantIdForm));
    const page = toPage(await unwrap(query), { limit, idOf: (tenant) => tenant.tenant_id });
    return c.json(page, 200);
  });
}
