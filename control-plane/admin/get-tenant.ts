import { createRoute } from "@hono/zod-openapi";
import { rowOf } from "../database/answer.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { adminRoute } from "./contract.ts";
import { noSuchTenant, tenantColumns, tenantParams, tenantSchema } from "./tenant-resource.ts";

const route = createRoute({
  ...adminRoute,
  method: "get",
  path: "/admin/tenants/{tenantId}",
  summary: "Show a tenant",
  request: { params: tenantParams },
  responses: {
    200: {
      description: "The tenant",
      content: { "application/json": { schema: tenantSchema } },
    },
    ...problems("unauthorized", "not_found", "database_unavailable"),
  },
});

export function getTenant(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.req.valid("param");
    const tenant = rowOf(
      await database.from("tenants").select(tenantColumns).eq("tenant_id", tenantId),
    );
    if (tenant === undefined) throw noSuchTenant(tenantId);
    return c.json(tenant, 200);
  });
}
