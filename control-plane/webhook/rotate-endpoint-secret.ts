import { createRoute } from "@hono/zod-openapi";
import type { App } from "../http/app-env.ts";
import { bodyProblems, problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { endpointWithSecret, rotation } from "./endpoint-settings.ts";
import { rotateSecret } from "./endpoints.ts";
import { endpointParams } from "./resource.ts";

export const rotationDescription =
  "The new secret is shown in this response only. During the overlap webhook-signature holds a signature of each secret, and X-Webhook-Signature-Former the one of the former secret. With overlap_hours 0 the former secret ends at once.";

const route = createRoute({
  method: "post",
  path: "/tenant/webhooks/{endpointId}/rotate-secret",
  tags: ["Webhooks"],
  summary: "Replace the secret of an endpoint",
  description: rotationDescription,
  request: {
    params: endpointParams,
    body: { required: true, content: { "application/json": { schema: rotation } } },
  },
  responses: {
    200: {
      description: "The endpoint, with its new secret",
      content: { "application/json": { schema: endpointWithSecret } },
    },
    ...bodyProblems,
    ...problems("not_found"),
  },
});

export function rotateEndpointSecret(app: App, services: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.get("caller");
    const { endpointId } = c.req.valid("param");
    const rotated = await rotateSecret(services, {
      tenantId,
      endpointId,
      rotation: c.req.valid("json"),
    });
    return c.json(rotated, 200);
  });
}
