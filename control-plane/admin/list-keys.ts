import { createRoute, z } from "@hono/zod-openapi";
import type { App } from "../http/app-env.ts";
import { listOf, pageQuery } from "../http/list.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { adminRoute } from "./contract.ts";
import { findTenant } from "./find-tenant.ts";
import { pageOfKeys } from "../key/keys.ts";
import { keySchema } from "../key/resource.ts";
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
    await findTenant(database, tenantId);
    return c.json(await pageOfKeys(database, { tenantId, ...c.req.valid("query") }), 200);
  });
}
