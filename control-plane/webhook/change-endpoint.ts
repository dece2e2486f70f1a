import { createRoute } from "@hono/zod-openapi";
import type { App } from "../http/app-env.ts";
import { bodyProblems, problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { endpointChanges } from "./endpoint-settings.ts";
import { updateEndpoint } from "./endpoints.ts";
import { endpointParams, endpointSchema } from "./resource.ts";

const route = createRoute({
  method: "patch",
  path: "/tenant/webhooks/{endpointId}",
  tags: ["Webhooks"],
  summary: "Change an endpoint, or switch it on or off",
  description:
    "While an endpoint is off nothing is sent to it and nothing is lost: switched on again it goes on where it was, with the events that are still stored.",
  request: {
    params: endpointParams,
    body: { required: true, content: { "application/json": { schema: endpointChanges } } },
  },
  responses: {
    200: {
      description: "The endpoint",
      content: { "application/json": { schema: endpointSchema } },
    },
    ...bodyProblems,
    ...problems("not_found"),
  },
});

export function changeEndpoint(app: App, services: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.get("caller");
    const { endpointId } = c.req.valid("param");
    const changes = c.req.valid("json");
    return c.json(await updateEndpoint(services, { tenantId, endpointId, changes }), 200);
  });
}
