import { createRoute } from "@hono/zod-openapi";
import { eventSchema } from "../../shared/event.ts";
import { unwrapFirst } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { findDelivery } from "./find.ts";
import { deliveryParams, deliverySchema } from "./resource.ts";

const route = createRoute({
  method: "get",
  path: "/tenant/webhooks/deliveries/{deliveryId}",
  tags: ["Webhooks"],
  summary: "Get a delivery, with its event",
  request: { params: deliveryParams },
  responses: {
    200: {
      description: "The delivery. Its event is null when it is past its retention.",
      content: {
        "application/json": { schema: deliverySchema.extend({ event: eventSchema.nullable() }) },
      },
    },
    ...problems("unauthorized", "rate_limited", "not_found", "database_unavailable"),
  },
});

export function getDelivery(app: App, { database, fileLinks }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.get("caller");
    const { deliveryId } = c.req.valid("param");
    const delivery = await findDelivery(database, { tenantId, deliveryId });
    const event = await unwrapFirst(
      database
        .from("event_resources")
        .select()
        .eq("tenant_id", tenantId)
        .eq("seq", delivery.event_seq),
    );
    return c.json(
      { ...delivery, event: event === undefined ? null : await fileLinks.inEvent(event) },
      200,
    );
  });
}
