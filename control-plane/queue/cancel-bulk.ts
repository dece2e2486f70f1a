import { createRoute } from "@hono/zod-openapi";
import { rejectTestKeyOnLive } from "../auth/reject-test-key.ts";
import { unwrap } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import { findSession } from "../locate/session.ts";
import type { Services } from "../services.ts";
import { bulkNotFound, bulkParams, bulkSchema, requireBulkId } from "./bulk-resource.ts";

const route = createRoute({
  method: "delete",
  path: "/session/{sessionId}/bulk/{bulkId}",
  tags: ["Queue"],
  summary: "Cancel what is left of a bulk",
  description: "Its messages that are still queued become FAILED with the code cancelled.",
  request: { params: bulkParams },
  responses: {
    200: { description: "The bulk", content: { "application/json": { schema: bulkSchema } } },
    ...problems("unauthorized", "forbidden", "not_found", "database_unavailable"),
  },
});

export function cancelBulk(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const caller = c.get("caller");
    const { sessionId, bulkId } = c.req.valid("param");
    rejectTestKeyOnLive(caller, await findSession(database, { ...caller, sessionId }));
    requireBulkId(bulkId);
    const name = { tenant_id: caller.tenantId, session_id: sessionId, bulk_id: bulkId };
    const bulk = await unwrap(database.rpc("cancel_bulk", name));
    if (bulk === null) throw bulkNotFound(bulkId);
    return c.json(bulk, 200);
  });
}
