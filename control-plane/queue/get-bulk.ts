import { createRoute } from "@hono/zod-openapi";
import { unwrap } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import { findSession } from "../locate/session.ts";
import type { Services } from "../services.ts";
import { bulkNotFound, bulkParams, bulkSchema, requireBulkId } from "./bulk-resource.ts";

const route = createRoute({
  method: "get",
  path: "/session/{sessionId}/bulk/{bulkId}",
  tags: ["Queue"],
  summary: "Show the progress of a bulk",
  request: { params: bulkParams },
  responses: {
    200: { description: "The bulk", content: { "application/json": { schema: bulkSchema } } },
    ...problems("unauthorized", "not_found", "database_unavailable"),
  },
});

export function getBulk(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.get("caller");
    const { sessionId, bulkId } = c.req.valid("param");
    await findSession(database, { tenantId, sessionId });
    requireBulkId(bulkId);
    const name = { tenant_id: tenantId, session_id: sessionId, bulk_id: bulkId };
    const bulk = await unwrap(database.rpc("find_bulk", name));
    if (bulk === null) throw bulkNotFound(bulkId);
    return c.json(bulk, 200);
  });
}
