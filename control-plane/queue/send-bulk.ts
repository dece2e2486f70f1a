import { createRoute, z } from "@hono/zod-openapi";
import { rejectTestKeyOnLive } from "../auth/reject-test-key.ts";
import { unwrap } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import { findSession, sessionNotFound } from "../locate/session.ts";
import { idempotencyHeader, requestHash } from "../message/idempotency.ts";
import { rejectQueueFields } from "../message/queue-fields.ts";
import {
  idempotencyMismatch,
  keyColumns,
  whenColumns,
  withQueueLimit,
} from "../message/queue-message.ts";
import type { Services } from "../services.ts";
import { sessionParams } from "../session/resource.ts";
import { bulkBody, messagesOf } from "./bulk-request.ts";
import { bulkSchema } from "./bulk-resource.ts";

const queuedBulkSchema = bulkSchema
  .extend({
    estimated_end_at: z.string().nullable().openapi({
      description:
        "When its last message goes, if nothing changes; null while nothing is sent from the queue",
    }),
  })
  .openapi("QueuedBulk");

const route = createRoute({
  method: "post",
  path: "/session/{sessionId}/send-bulk",
  tags: ["Queue"],
  summary: "Queue a text to up to 1,000 recipients",
  description:
    "All of them are queued, or none: where recipients are wrong, the answer lists them. They go in their order, at the pace of the queue, with the events of any message once they are sent.",
  request: {
    params: sessionParams,
    headers: z.object(idempotencyHeader),
    body: { required: true, content: { "application/json": { schema: bulkBody } } },
  },
  responses: {
    202: {
      description: "The bulk, whose messages are queued",
      headers: z.object({ "Idempotent-Replayed": z.literal("true").optional() }),
      content: { "application/json": { schema: queuedBulkSchema } },
    },
    ...problems(
      "invalid_json",
      "unauthorized",
      "forbidden",
      "not_found",
      "quota_exceeded",
      "payload_too_large",
      "unsupported_media_type",
      "invalid_request",
      "idempotency_mismatch",
      "database_unavailable",
    ),
  },
});

export function sendBulk(app: App, { database, queueDefaults, now }: Services): void {
  app.openapi(route, async (c) => {
    const caller = c.get("caller");
    const name = { tenantId: caller.tenantId, sessionId: c.req.valid("param").sessionId };
    const body = c.req.valid("json");
    const { send_at, expires_at, priority } = body;
    const when = { send_at, expires_at, priority };
    rejectQueueFields({ queue: true, ...when }, now());
    const messages = messagesOf(body);
    rejectTestKeyOnLive(caller, await findSession(database, name));
    const key = c.req.valid("header")["idempotency-key"];
    const hashed = { path: c.req.path, body: { messages: JSON.stringify({ messages, when }) } };
    const idempotency =
      key === undefined ? undefined : { key, request_hash: await requestHash(hashed) };

    const result = await unwrap(
      withQueueLimit(
        await database.rpc("queue_bulk", {
          tenant_id: name.tenantId,
          session_id: name.sessionId,
          bulk: { messages, ...whenColumns(when), ...keyColumns(idempotency) },
          defaults: queueDefaults,
        }),
      ),
    );
    if (result.outcome === "not_found") throw sessionNotFound(name);
    if (result.outcome === "mismatch") throw idempotencyMismatch();
    if (result.outcome === "replayed") c.header("Idempotent-Replayed", "true");
    const estimated_end_at = result.last?.estimated_send_at ?? null;
    return c.json({ ...result.bulk, estimated_end_at }, 202);
  });
}
