import { createRoute } from "@hono/zod-openapi";
import { unwrapFirst } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { adminRoute } from "./contract.ts";
import { tenantNotFound, tenantParams } from "./tenant-resource.ts";

const route = createRoute({
  ...adminRoute,
  method: "delete",
  path: "/admin/tenants/{tenantId}",
  summary: "Delete a tenant and all its data",
  description:
    "The tenant, its keys, sessions and webhooks are gone at once. A long history is removed in the minutes after that, in which its tenant_id cannot be used again. The devices stay linked in WhatsApp. To unlink them, delete the sessions first.",
  request: { params: tenantParams },
  responses: {
    204: { description: "The tenant was deleted" },
    ...problems("unauthorized", "not_found", "invalid_request", "database_unavailable"),
  },
});

export function deleteTenant(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.req.valid("param");
    const deleted = await unwrapFirst(
      database.from("tenants").delete().eq("tenant_id", tenantId).select("tenant_id"),
    );
    if (deleted === undefined) throw tenantNotFound(tenantId);
    return c.body(null, 204);
  });
}
