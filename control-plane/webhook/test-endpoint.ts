import { createRoute, z } from "@hono/zod-openapi";
import { ApiError } from "../../shared/errors.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { findEndpoint } from "./find.ts";
import { endpointParams } from "./resource.ts";

const type = "webhook.test";

const route = createRoute({
  method: "post",
  path: "/tenant/webhooks/{endpointId}/test",
  tags: ["Webhooks"],
  summary: "Send a test event to one endpoint",
  description: `Posts an event of the type \`${type}\`, signed like any other, and answers what came of it. Also to an endpoint that is switched off. The event is not in the event log: its seq is 0, and it is not retried.`,
  request: { params: endpointParams },
  responses: {
    200: {
      description: "What came of it",
      content: {
        "application/json": {
          schema: z.object({
            event_id: z.string(),
            delivered: z.boolean(),
            status_code: z.number().int().nullable(),
            error: z.string().nullable(),
            response: z.string().nullable(),
            duration_ms: z.number().int(),
          }),
        },
      },
    },
    ...problems("unauthorized", "not_found", "rate_limited", "database_unavailable"),
  },
});

export function testEndpoint(
  app: App,
  { database, webhookEndpoints, webhookSecrets, now }: Services,
): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.get("caller");
    const { endpointId } = c.req.valid("param");
    const { id, url, secret: stored } = await findEndpoint(database, { tenantId, endpointId });
    const secret = await webhookSecrets.open({ tenantId, stored });
    const eventId = `evt_${crypto.randomUUID().replaceAll("-", "")}`;
    const body = JSON.stringify({
      id: eventId,
      type,
      timestamp: new Date(now()).toISOString(),
      tenant_id: tenantId,
      session_id: null,
      seq: 0,
      data: { endpoint_id: id },
    });
    const outcome = await webhookEndpoints.test(id, {
      url,
      secrets: secret === undefined ? [] : [secret],
      event: { id: eventId, type, body },
    });
    if (outcome === undefined) {
      throw new ApiError(
        "rate_limited",
        "A test of this endpoint is in progress. Try again in a few seconds.",
        { retryAfterSeconds: 10 },
      );
    }
    const { statusCode, error, response, durationMs } = outcome;
    return c.json(
      {
        event_id: eventId,
        delivered: error === null,
        status_code: statusCode,
        error,
        response,
        duration_ms: durationMs,
      },
      200,
    );
  });
}
