import { createRoute, z } from "@hono/zod-openapi";
import { ApiError } from "../../shared/errors.ts";
import type { LocatedSession } from "../../shared/database.ts";
import { maxTextLength, type Message } from "../../shared/message.ts";
import { parseRecipient } from "../../shared/recipient.ts";
import { storableText } from "../../shared/text.ts";
import { refuseTestKeyOnLive } from "../auth/caller.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { locateSession } from "../session/find.ts";
import { sessionParams } from "../session/resource.ts";
import { findReplay, idempotencyHeader, requestHash } from "./idempotency.ts";
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
          "Must be a phone number, country code first, or an address ending in @s.whatsapp.net, @c.us, @lid or @g.us",
      })
      .openapi({ example: "393331234567" }),
    message: text.optional(),
    text: text.optional().openapi({ description: "Another name for message" }),
  })
  .refine((body) => (body.message === undefined) !== (body.text === undefined), {
    path: ["message"],
    message: "Give the text to send, as message",
  });

const accepted = {
  headers: z.object({
    "Idempotent-Replayed": z.literal("true").optional().openapi({
      description: "The key was known: this is what the first request made",
    }),
  }),
  content: { "application/json": { schema: messageSchema } },
};

const route = createRoute({
  method: "post",
  path: "/session/{sessionId}/send",
  tags: ["Messages"],
  summary: "Send a text now",
  request: {
    params: sessionParams,
    headers: z.object(idempotencyHeader),
    body: { required: true, content: { "application/json": { schema: bodySchema } } },
  },
  responses: {
    201: { description: "WhatsApp took the message", ...accepted },
    202: { description: "It is on its way; WhatsApp has not confirmed it yet", ...accepted },
    ...problems(
      "invalid_json",
      "unauthorized",
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
    if (message === undefined || to === undefined) throw new Error("The schema let this through");
    const key = c.req.valid("header")["idempotency-key"];
    const idempotency = key && {
      key,
      request_hash: await requestHash({ method: "POST", path: c.req.path, body: { to, message } }),
    };

    const replay =
      idempotency && (await findReplay(database, { tenantId: caller.tenantId, ...idempotency }));
    if (replay) {
      refuseTestKeyOnLive(caller, await locateSession(database, name));
      return answer(replay, true);
    }
    const result = await connectors.ask({
      session: name,
      commandFor: (uid) => ({
        type: "send_text",
        session_uid: uid,
        to,
        text: message,
        ...(idempotency ? { idempotency } : {}),
      }),
      timeoutMs: commandTimeoutMs,
      // Without a key, whoever sends again what the lost connector had taken sends it twice.
      repeatable: idempotency !== undefined,
      check: (located) => {
        refuseTestKeyOnLive(caller, located);
        refuseNotConnected(located);
      },
    });
    if (result.type !== "message") throw new Error(`A send was answered with ${result.type}`);
    return answer(result.message, result.replayed);

    function answer(sent: Message, replayed: boolean) {
      if (replayed) c.header("Idempotent-Replayed", "true");
      if (sent.status === "FAILED") throw rejected(sent);
      return c.json(sent, sent.status === "SENDING" ? 202 : 201);
    }
  });
}

/** A message that is in the history, and was not sent. */
function rejected({ id, error }: Message): ApiError {
  return new ApiError(
    "message_rejected",
    `${error?.message ?? "It could not be sent."} The history has it as message ${id}, FAILED.`,
  );
}

/** A session that is moving has an owner again soon; one that nobody wants or paired has not. */
function refuseNotConnected(located: LocatedSession): void {
  const moving = located.state === "connected" || located.state === "reconnecting";
  if (located.desired === "disconnected" || (located.connector_url === null && !moving)) {
    throw new ApiError(
      "session_not_connected",
      `The session is ${located.state}. Connect it first: GET /session/:sessionId/qr.`,
    );
  }
}
