import { createRoute } from "@hono/zod-openapi";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import { addKey } from "../key/keys.ts";
import { keySettings, keyWithSecret } from "../key/resource.ts";
import type { Services } from "../services.ts";
import { adminRoute, bodyProblems } from "./contract.ts";
import { tenantNotFound, tenantParams } from "./tenant-resource.ts";

const route = createRoute({
  ...adminRoute,
  method: "post",
  path: "/admin/tenants/{tenantId}/keys",
  summary: "Create an API key",
  description: "The key is shown in this response only; the service stores its hash.",
  request: {
    params: tenantParams,
    body: { required: true, content: { "application/json": { schema: keySettings } } },
  },
  responses: {
    201: {
      description: "The key, including its secret value",
      content: { "application/json": { schema: keyWithSecret } },
    },
    ...problems("not_found"),
    ...bodyProblems,
  },
});

export function createKey(app: App, services: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.req.valid("param");
    const added = await addKey(services, { tenantId, settings: c.req.valid("json") });
    if (added === undefined) throw tenantNotFound(tenantId);
    return c.json(added, 201);
  });
}
