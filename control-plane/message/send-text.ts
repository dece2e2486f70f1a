import { createRoute, z } from "@hono/zod-openapi";
import { recipientSchema } from "../../shared/media.ts";
import { maxTextLength } from "../../shared/message.ts";
import { parseRecipient } from "../../shared/recipient.ts";
import { storableText } from "../../shared/text.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { sessionParams } from "../session/resource.ts";
import { idempotencyHeader, requestHash } from "./idempotency.ts";
import { queueFields, rejectQueueFields } from "./queue-fields.ts";
import { queueMessage } from "./queue-message.ts";
import { acceptedResponse, messageResponse } from "./resource.ts";
import { send } from "./send.ts";

const text = storableText({ min: 1, max: maxTextLength });

const bodySchema = z
  .object({
    to: recipientSchema.openapi({ example: "393331234567" }),
    message: text.optional(),
    text: text.optional().openapi({ description: "An alias of message" }),
    ...queueFields,
  })
  .refine((body) => (body.message === undefined) !== (body.text === undefined), {
    path: ["message"],
    message: "`message` is required: the text to send",
  });

const route = createRoute({
  method: "post",
  path: "/session/{sessionId}/send",
  tags: ["Messages"],
  summary: "Send a text message",
  request: {
    params: sessionParams,
    headers: z.object(idempotencyHeader),
    body: { required: true, content: { "application/json": { schema: bodySchema } } },
  },
  responses: {
    201: { description: "WhatsApp accepted the message", ...messageResponse },
    202: {
      description:
        "The message was queued, or it was sent and WhatsApp has not acknowledged it yet",
      ...acceptedResponse,
    },
    ...problems(
      "invalid_json",
      "unauthorized",
      "rate_limited",
      "forbidden",
      "not_found",
      "session_not_connected",
      "quota_exceeded",
      "payload_too_large",
      "unsupported_media_type",
      "invalid_request",
      "idempotency_mismatch",
      "not_on_whatsapp",
      "message_rejected",
      "session_unavailable",
      "connector_unavailable",
      "database_unavailable",
    ),
  },
});

export function sendText(app: App, services: Services): void {
  app.openapi(route, async (c) => {
    const body = c.req.valid("json");
    const message = body.message ?? body.text;
    const to = parseRecipient(body.to)?.jid;
    if (message === undefined || to === undefined)
      throw new Error("The schema accepted an invalid body");
    const { queue, send_at, expires_at, priority } = body;
    const when = { queue, send_at, expires_at, priority };
    rejectQueueFields(when, services.now());
    const key = c.req.valid("header")["idempotency-key"];
    const hashed = queue === true ? { to, message, queued: JSON.stringify(when) } : { to, message };
    const idempotency =
      key === undefined
        ? undefined
        : { key, request_hash: await requestHash({ path: c.req.path, body: hashed }) };
    if (queue === true) {
      const { sessionId } = c.req.valid("param");
      const item = { to, type: "text", text: message, when };
      const queued = await queueMessage(services, {
        caller: c.get("caller"),
        sessionId,
        idempotency,
        ...item,
      });
      if (queued.replayed) c.header("Idempotent-Replayed", "true");
      return c.json(queued.message, 202);
    }

    const sent = await send(services, {
      caller: c.get("caller"),
      sessionId: c.req.valid("param").sessionId,
      idempotency,
      commandFor: (uid) => ({
        type: "send_text",
        session_uid: uid,
        to,
        text: message,
        ...(idempotency === undefined ? {} : { idempotency }),
      }),
    });
    if (sent.replayed) c.header("Idempotent-Replayed", "true");
    return c.json(sent.message, sent.message.status === "SENDING" ? 202 : 201);
  });
}
