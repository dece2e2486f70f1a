import { createRoute, z } from "@hono/zod-openapi";
import { unwrap } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import { invalidField } from "../http/validation.ts";
import type { Services } from "../services.ts";
import { findEndpoint } from "./find.ts";

/** Of one request; more are replayed by more requests. */
const maxDeliveries = 10_000;

const seqSchema = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

const route = createRoute({
  method: "post",
  path: "/tenant/webhooks/replay",
  tags: ["Webhooks"],
  summary: "Deliver many events again",
  description: `Either the events from \`from_seq\` to \`to_seq\` that the endpoint receives, or its dead deliveries (\`"dead": true\`), oldest first. At most ${maxDeliveries} in one request. New events are delivered meanwhile. Events after the endpoint's \`cursor_seq\` are still to come and not replayed.`,
  request: {
    body: {
      required: true,
      content: {
        "application/json": {
          schema: z.union([
            z.strictObject({ endpoint_id: z.string(), from_seq: seqSchema, to_seq: seqSchema }),
            z.strictObject({ endpoint_id: z.string(), dead: z.literal(true) }),
          ]),
        },
      },
    },
  },
  responses: {
    202: {
      description: "How many deliveries became pending",
      content: { "application/json": { schema: z.object({ deliveries: z.number().int() }) } },
    },
    ...problems(
      "invalid_json",
      "unauthorized",
      "rate_limited",
      "not_found",
      "payload_too_large",
      "unsupported_media_type",
      "invalid_request",
      "database_unavailable",
    ),
  },
});

export function replay(app: App, { database, webhookEndpoints }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.get("caller");
    const request = c.req.valid("json");
    const { id } = await findEndpoint(database, { tenantId, endpointId: request.endpoint_id });
    const target = { tenant_id: tenantId, endpoint_id: id };
    let deliveries: number;
    if ("dead" in request) {
      deliveries = await unwrap(
        database.rpc("replay_dead", { ...target, max_deliveries: maxDeliveries }),
      );
    } else {
      const { from_seq, to_seq } = request;
      if (to_seq < from_seq) throw invalidField("to_seq", "Must not be less than from_seq");
      if (to_seq - from_seq >= maxDeliveries) {
        throw invalidField(
          "to_seq",
          `Must be less than ${maxDeliveries} after from_seq. Replay the rest with another request.`,
        );
      }
      deliveries = await unwrap(database.rpc("replay_events", { ...target, from_seq, to_seq }));
    }
    await webhookEndpoints.reload(id);
    return c.json({ deliveries }, 202);
  });
}
