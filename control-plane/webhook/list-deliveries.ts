import { createRoute, z } from "@hono/zod-openapi";
import { unwrap } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { decodeCursor, listOf, pageQuery, toPage } from "../http/list.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import {
  type Delivery,
  deliveryColumns,
  deliverySchema,
  deliveryStatusSchema,
} from "./resource.ts";

const route = createRoute({
  method: "get",
  path: "/tenant/webhooks/deliveries",
  tags: ["Webhooks"],
  summary: "List deliveries, newest first",
  description:
    "The delivery log: each event that was tried, for each endpoint, with the outcome of its last attempt. Events that are still to be tried are not in it.",
  request: {
    query: z.object({
      ...pageQuery,
      endpoint_id: z.uuid().optional(),
      status: deliveryStatusSchema.optional(),
      event_type: z.string().max(100).optional(),
    }),
  },
  responses: {
    200: {
      description: "A page of deliveries",
      content: { "application/json": { schema: listOf(deliverySchema) } },
    },
    ...problems("unauthorized", "rate_limited", "invalid_request", "database_unavailable"),
  },
});

export function listDeliveries(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const { limit, cursor, offset, endpoint_id, status, event_type } = c.req.valid("query");
    let query = database
      .from("webhook_delivery_resources")
      .select(deliveryColumns)
      .eq("tenant_id", c.get("caller").tenantId)
      .order("id", { ascending: false })
      .range(offset, offset + limit);
    if (endpoint_id !== undefined) query = query.eq("endpoint_id", endpoint_id);
    if (status !== undefined) query = query.eq("status", status);
    if (event_type !== undefined) query = query.eq("event_type", event_type);
    if (cursor !== undefined) query = query.lt("id", decodeCursor(cursor));
    const rows: Delivery[] = await unwrap(query);
    return c.json(toPage(rows, { limit, idOf: ({ id }) => id }), 200);
  });
}
