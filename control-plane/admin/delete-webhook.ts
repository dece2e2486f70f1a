import { createRoute } from "@hono/zod-openapi";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { removeEndpoint } from "../webhook/endpoints.ts";
import { adminRoute } from "./contract.ts";
import { webhookParams } from "./webhook-resource.ts";

const route = createRoute({
  ...adminRoute,
  method: "delete",
  path: "/admin/tenants/{tenantId}/webhooks/{webhookId}",
  summary: "Delete a webhook endpoint",
  description:
    "Pending deliveries are deleted too. Deleting the default endpoint sets the tenant's webhook_url to null.",
  request: { params: webhookParams },
  responses: {
    204: { description: "The endpoint was deleted" },
    ...problems("unauthorized", "not_found", "invalid_request", "database_unavailable"),
  },
});

export function deleteWebhook(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId, webhookId: endpointId } = c.req.valid("param");
    await removeEndpoint(database, { tenantId, endpointId });
    return c.body(null, 204);
  });
}
