import { createRoute } from "@hono/zod-openapi";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { adminRoute } from "./contract.ts";
import { findTenant } from "./find-tenant.ts";
import { tenantParams, tenantSchema } from "./tenant-resource.ts";

const route = createRoute({
  ...adminRoute,
  method: "get",
  path: "/admin/tenants/{tenantId}",
  summary: "Get a tenant",
  request: { params: tenantParams },
  responses: {
    200: {
      description: "The tenant",
      content: { "application/json": { schema: tenantSchema } },
    },
    ...problems("unauthorized", "not_found", "invalid_request", "database_unavailable"),
  },
});

export function getTenant(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.req.valid("param");
    return c.json(await findTenant(database, tenantId), 200);
  });
}
