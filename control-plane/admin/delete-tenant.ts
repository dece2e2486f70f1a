import { createRoute } from "@hono/zod-openapi";
import { rowOf } from "../database/answer.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { adminRoute } from "./contract.ts";
import { noSuchTenant, tenantParams } from "./tenant-resource.ts";

const route = createRoute({
  ...adminRoute,
  method: "delete",
  path: "/admin/tenants/{tenantId}",
  summary: "Delete a tenant with everything it has",
  description: "Its numbers stay linked at WhatsApp: delete its sessions first to unlink them.",
  request: { params: tenantParams },
  responses: {
    204: { description: "It is gone" },
    ...problems("unauthorized", "not_found", "invalid_request", "database_unavailable"),
  },
});

export function deleteTenant(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.req.valid("param");
    const gone = rowOf(
      await database.from("tenants").delete().eq("tenant_id", tenantId).select("tenant_id"),
    );
    if (gone === undefined) throw noSuchTenant(tenantId);
    return c.body(null, 204);
  });
}
