import { createRoute } from "@hono/zod-openapi";
import { invalidKeyError } from "../auth/require-key.ts";
import type { App } from "../http/app-env.ts";
import { bodyProblems, problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { endpointSettings, endpointWithSecret } from "./endpoint-settings.ts";
import { addEndpoint } from "./endpoints.ts";

const route = createRoute({
  method: "post",
  path: "/tenant/webhooks",
  tags: ["Webhooks"],
  summary: "Add a webhook endpoint",
  description: "The secret is shown in this response only; it is stored encrypted.",
  request: {
    body: { required: true, content: { "application/json": { schema: endpointSettings } } },
  },
  responses: {
    201: {
      description: "The endpoint, with the secret that signs its deliveries",
      content: { "application/json": { schema: endpointWithSecret } },
    },
    ...bodyProblems,
    ...problems("quota_exceeded"),
  },
});

export function createEndpoint(app: App, services: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.get("caller");
    const added = await addEndpoint(services, { tenantId, settings: c.req.valid("json") });
    // The tenant was deleted since its key was checked.
    if (added === undefined) throw invalidKeyError();
    return c.json(added, 201);
  });
}
