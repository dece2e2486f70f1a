import { createRoute } from "@hono/zod-openapi";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { updateEndpoint } from "../webhook/endpoints.ts";
import { endpointChanges } from "../webhook/endpoint-settings.ts";
import { endpointSchema } from "../webhook/resource.ts";
import { adminRoute, bodyProblems } from "./contract.ts";
import { webhookParams } from "./webhook-resource.ts";

const route = createRoute({
  ...adminRoute,
  method: "patch",
  path: "/admin/tenants/{tenantId}/webhooks/{webhookId}",
  summary: "Change a webhook endpoint, or switch it on or off",
  description:
    "While an endpoint is off nothing is sent to it and nothing is lost: switched on again it goes on where it was, with the events that are still stored. The URL of the default endpoint is the tenant's webhook_url.",
  request: {
    params: webhookParams,
    body: { required: true, content: { "application/json": { schema: endpointChanges } } },
  },
  responses: {
    200: {
      description: "The endpoint",
      content: { "application/json": { schema: endpointSchema } },
    },
    ...problems("not_found"),
    ...bodyProblems,
  },
});

export function changeWebhook(app: App, services: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId, webhookId: endpointId } = c.req.valid("param");
    const changes = c.req.valid("json");
    return c.json(await updateEndpoint(services, { tenantId, endpointId, changes }), 200);
  });
}
