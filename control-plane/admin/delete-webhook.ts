import { createRoute, z } from "@hono/zod-openapi";
import { ApiError } from "../../shared/errors.ts";
import { unwrapFirst } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { adminRoute } from "./contract.ts";
import { tenantParams } from "./tenant-resource.ts";

const route = createRoute({
  ...adminRoute,
  method: "delete",
  path: "/admin/tenants/{tenantId}/webhooks/{webhookId}",
  summary: "Delete a webhook endpoint",
  description:
    "Pending deliveries are deleted too. To delete the default endpoint, set the tenant's webhook_url to null.",
  request: { params: tenantParams.extend({ webhookId: z.uuid() }) },
  responses: {
    204: { description: "The endpoint was deleted" },
    ...problems("unauthorized", "not_found", "invalid_request", "database_unavailable"),
  },
});

export function deleteWebhook(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId, webhookId } = c.req.valid("param");
    const deleted = await unwrapFirst(
      database
        .from("webhook_endpoints")
        .delete()
        .eq("tenant_id", tenantId)
        .eq("id", webhookId)
        .is("is_default", false)
        .select("id"),
    );
    if (deleted === undefined) {
      throw new ApiError(
        "not_found",
        "The tenant has no endpoint with this id. The default endpoint is deleted by setting webhook_url to null.",
      );
    }
    return c.body(null, 204);
  });
}
