import { createRoute } from "@hono/zod-openapi";
import { ApiError } from "../../shared/errors.ts";
import { unwrap, unwrapFirst } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { findDelivery } from "./find.ts";
import { deliveryParams, deliverySchema } from "./resource.ts";

const route = createRoute({
  method: "post",
  path: "/tenant/webhooks/deliveries/{deliveryId}/redeliver",
  tags: ["Webhooks"],
  summary: "Deliver an event again",
  description:
    "Whatever came of the delivery, it becomes pending and is tried at once, with all its retries before it. The event keeps its id.",
  request: { params: deliveryParams },
  responses: {
    202: {
      description: "The delivery, which is pending",
      content: { "application/json": { schema: deliverySchema } },
    },
    ...problems("unauthorized", "rate_limited", "not_found", "database_unavailable"),
  },
});

export function redeliver(app: App, { database, webhookEndpoints }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.get("caller");
    const { deliveryId } = c.req.valid("param");
    const delivery = await findDelivery(database, { tenantId, deliveryId });
    const event = await unwrapFirst(
      database
        .from("event_resources")
        .select("seq")
        .eq("tenant_id", tenantId)
        .eq("seq", delivery.event_seq),
    );
    if (event === undefined) {
      throw new ApiError(
        "not_found",
        "The event of this delivery is past its retention, so it cannot be delivered again.",
      );
    }
    await unwrap(database.rpc("redeliver", { tenant_id: tenantId, delivery_ids: [delivery.id] }));
    const pending = await findDelivery(database, { tenantId, deliveryId });
    await webhookEndpoints.reload(delivery.endpoint_id);
    return c.json(pending, 202);
  });
}
