import { createRoute } from "@hono/zod-openapi";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { rotateSecret } from "../webhook/endpoints.ts";
import { endpointWithSecret, rotation } from "../webhook/endpoint-settings.ts";
import { rotationDescription } from "../webhook/rotate-endpoint-secret.ts";
import { adminRoute, bodyProblems } from "./contract.ts";
import { webhookParams } from "./webhook-resource.ts";

const route = createRoute({
  ...adminRoute,
  method: "post",
  path: "/admin/tenants/{tenantId}/webhooks/{webhookId}/rotate-secret",
  summary: "Replace the secret of a webhook endpoint",
  description: rotationDescription,
  request: {
    params: webhookParams,
    body: { required: true, content: { "application/json": { schema: rotation } } },
  },
  responses: {
    200: {
      description: "The endpoint, with its new secret",
      content: { "application/json": { schema: endpointWithSecret } },
    },
    ...problems("not_found"),
    ...bodyProblems,
  },
});

export function rotateWebhookSecret(app: App, services: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId, webhookId: endpointId } = c.req.valid("param");
    const rotated = await rotateSecret(services, {
      tenantId,
      endpointId,
      rotation: c.req.valid("json"),
    });
    return c.json(rotated, 200);
  });
}
