import { createRoute } from "@hono/zod-openapi";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { addEndpoint } from "../webhook/endpoints.ts";
import { endpointSettings, endpointWithSecret } from "../webhook/endpoint-settings.ts";
import { adminRoute, bodyProblems } from "./contract.ts";
import { tenantNotFound, tenantParams } from "./tenant-resource.ts";

const route = createRoute({
  ...adminRoute,
  method: "post",
  path: "/admin/tenants/{tenantId}/webhooks",
  summary: "Add a webhook endpoint",
  description: "The secret is shown in this response only; it is stored encrypted.",
  request: {
    params: tenantParams,
    body: { required: true, content: { "application/json": { schema: endpointSettings } } },
  },
  responses: {
    201: {
      description: "The endpoint, with the secret that signs its deliveries",
      content: { "application/json": { schema: endpointWithSecret } },
    },
    ...problems("not_found", "quota_exceeded"),
    ...bodyProblems,
  },
});

export function createWebhook(app: App, services: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.req.valid("param");
    const added = await addEndpoint(services, { tenantId, settings: c.req.valid("json") });
    if (added === undefined) throw tenantNotFound(tenantId);
    return c.json(added, 201);
  });
}
