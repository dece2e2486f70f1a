import { createRoute, z } from "@hono/zod-openapi";
import { statsSchema } from "../../shared/stats.ts";
import { unwrap } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { rangeOf, statsQuerySchema } from "./range.ts";

const responseSchema = z
  .object({ since: z.string(), until: z.string(), ...statsSchema.shape })
  .openapi("Stats", {
    description:
      "api_calls: requests with a key of the tenant that were not refused, up to 10 seconds late. messages: those created in the range, with their present status. sessions: the present ones. webhooks: deliveries first tried in the range that arrived or failed for good; pending are all that wait for another attempt.",
  });

const route = createRoute({
  method: "get",
  path: "/tenant/stats",
  tags: ["Statistics"],
  summary: "Count API calls, messages, sessions and webhook deliveries",
  request: { query: statsQuerySchema },
  responses: {
    200: { description: "The counts", content: { "application/json": { schema: responseSchema } } },
    ...problems("unauthorized", "invalid_request", "database_unavailable"),
  },
});

export function getStats(app: App, { database, now }: Services): void {
  app.openapi(route, async (c) => {
    const { since, until, interval } = rangeOf(c.req.valid("query"), now());
    const stats = await unwrap(
      database.rpc("tenant_stats", {
        tenant_id: c.get("caller").tenantId,
        since,
        until,
        bucket: interval,
      }),
    );
    return c.json({ since, until, ...stats }, 200);
  });
}
