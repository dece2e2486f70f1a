import { createRoute, z } from "@hono/zod-openapi";
import { ApiError, type ErrorCode } from "../../shared/errors.ts";
import type { LocatedSession } from "../../shared/database.ts";
import { maxTextLength, type Message } from "../../shared/message.ts";
import { parseRecipient } from "../../shared/recipient.ts";
import { storableText } from "../../shared/text.ts";
import { rejectTestKeyOnLive } from "../auth/reject-test-key.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { sessionParams } from "../session/resource.ts";
import { findFirstMessage, idempotencyHeader, requestHash } from "./idempotency.ts";
import { messageSchema } from "./resource.ts";

/** Longer than a connector waits for WhatsApp's ack. */
const commandTimeoutMs = 30_000;

const text = storableText({ min: 1, max: maxTextLength });

const bodySchema = z
  .object({
    to: z
      .string()
      .max(100)
      .refine((to) => parseRecipient(to) !== undefined, {
        message:
          "Must be a phone number with its country code, or a JID ending in @s.whatsapp.net, @c.us, @lid or @g.us",
      })
      .openapi({ example: "393331234567" }),
    message: text.optional(),
    text: text.optional().openapi({ description: "An alias of message" }),
  })
  .refine((body) => (body.message === undefined) !== (body.text === undefined), {
    path: ["message"],
    message: "Must hold the text to send",
  });

const messageResponse = {
  headers: z.object({
    "Idempotent-Replayed": z.literal("true").optional().openapi({
      description: "The Idempotency-Key was used before: this is the message of the first request",
    }),
  }),
  content: { "application/json": { schema: messageSchema } },
};

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
      description: "The message was sent; WhatsApp has not acknowledged it yet",
      ...messageResponse,
    },
    ...problems(
      "invalid_json",
      "unauthorized",
      "rate_limited",
      "forbidden",
      "not_found",
      "session_not_connected",
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

export function sendText(app: App, { database, connectors }: Services): void {
  app.openapi(route, async (c) => {
    const caller = c.get("caller");
    const name = { tenantId: caller.tenantId, sessionId: c.req.valid("param").sessionId };
    const body = c.req.valid("json");
    const message = body.message ?? body.text;
    const to = parseRecipient(body.to)?.jid;
    if (message === undefined || to === undefined)
      throw new Error("The schema accepted an invalid body");
    const key = c.req.valid("header")["idempotency-key"];
    const idempotency =
      key === undefined
        ? undefined
        : { key, request_hash: await requestHash({ path: c.req.path, body: { to, message } }) };

    const result = await connectors
      .sendCommand({
        session: name,
        isSend: true,
        commandFor: (uid) => ({
          type: "send_text",
          session_uid: uid,
          to,
          text: message,
          ...(idempotency === undefined ? {} : { idempotency }),
        }),
        timeoutMs: commandTimeoutMs,
        // Without a key, repeating a send whose response was lost could send it twice.
        idempotent: idempotency !== undefined,
        check: (located) => {
          rejectTestKeyOnLive(caller, located);
          rejectNotConnected(located);
        },
      })
      .catch(async (error: unknown) => {
        if (idempotency === undefined || !mayBeSentBefore(error)) throw error;
        const request = { tenantId: caller.tenantId, ...idempotency };
        const first = await findFirstMessage(database, request);
        if (first === undefined) throw error;
        return { type: "message" as const, message: first, replayed: true };
      });
    if (result.type !== "message") throw new Error(`The connector responded with ${result.type}`);

    const { message: sent, replayed } = result;
    if (replayed) c.header("Idempotent-Replayed", "true");
    if (sent.status === "FAILED") throw rejectedError(sent);
    return c.json(sent, sent.status === "SENDING" ? 202 : 201);
  });
}

/** The message cannot be sent now; the first request with its key may have been before that. */
function mayBeSentBefore(error: unknown): boolean {
  const codes: ErrorCode[] = [
    "not_on_whatsapp",
    "session_not_connected",
    "session_unavailable",
    "connector_unavailable",
  ];
  return error instanceof ApiError && codes.includes(error.code);
}

/** The error for a message that is in the history as FAILED. */
function rejectedError({ id, error }: Message): ApiError {
  return new ApiError(
    "message_rejected",
    `${error?.message ?? "The message could not be sent."} It is in the history as message ${id} with status FAILED.`,
  );
}

/** A session that is moving gets a new owner soon; one that is unpaired or disconnected does not. */
function rejectNotConnected(located: LocatedSession): void {
  const moving = located.state === "connected" || located.state === "reconnecting";
  if (located.desired === "disconnected" || (located.connector_url === null && !moving)) {
    throw new ApiError(
      "session_not_connected",
      `The session is ${located.state}. Connect it first with GET /session/:sessionId/qr.`,
    );
  }
}
