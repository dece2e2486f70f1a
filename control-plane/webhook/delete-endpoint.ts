import { createRoute } from "@hono/zod-openapi";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { removeEndpoint } from "./endpoints.ts";
import { endpointParams } from "./resource.ts";

const route = createRoute({
  method: "delete",
  path: "/tenant/webhooks/{endpointId}",
  tags: ["Webhooks"],
  summary: "Delete an endpoint with its deliveries",
  request: { params: endpointParams },
  responses: {
    204: { description: "The endpoint was deleted" },
    ...problems("unauthorized", "not_found", "invalid_request", "database_unavailable"),
  },
});

export function deleteEndpoint(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.get("caller");
    const { endpointId } = c.req.valid("param");
    await removeEndpoint(database, { tenantId, endpointId });
    return c.body(null, 204);
  });
}
