import { createRoute, z } from "@hono/zod-openapi";
import type { App } from "../http/app-env.ts";
import { listOf, pageQuery } from "../http/list.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { pageOfKeys } from "./keys.ts";
import { keySchema } from "./resource.ts";

const route = createRoute({
  method: "get",
  path: "/tenant/keys",
  tags: ["Keys"],
  summary: "List the tenant's keys, oldest first",
  request: { query: z.object(pageQuery) },
  responses: {
    200: {
      description: "A page of keys, including revoked and expired ones",
      content: { "application/json": { schema: listOf(keySchema) } },
    },
    ...problems("unauthorized", "forbidden", "invalid_request", "database_unavailable"),
  },
});

export function listOwnKeys(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.get("caller");
    return c.json(await pageOfKeys(database, { tenantId, ...c.req.valid("query") }), 200);
  });
}
