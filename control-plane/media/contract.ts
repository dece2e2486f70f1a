import { createRoute, z } from "@hono/zod-openapi";
import { mediaFieldsSchema, type MediaKind } from "../../shared/media.ts";
import { problems } from "../http/problem.ts";
import { idempotencyHeader } from "../message/idempotency.ts";
import { queueFields } from "../message/queue-fields.ts";
import { acceptedResponse, messageResponse } from "../message/resource.ts";
import { sessionParams } from "../session/resource.ts";

const fields = mediaFieldsSchema.shape;
const to = fields.to.openapi({ example: "393331234567" });
const { caption, file_name, mimetype } = fields;
const voice = fields.voice.openapi({
  type: "boolean",
  description: "Send it as a voice message: Opus in Ogg, or any audio where the server has ffmpeg",
});

/** The fields of each endpoint besides the file; the file's field is named after the endpoint. */
const fieldsOf = {
  image: { to, caption, file_name, ...queueFields },
  video: { to, caption, file_name, ...queueFields },
  document: { to, caption, file_name, mimetype, ...queueFields },
  audio: { to, voice, file_name, ...queueFields },
  sticker: { to, ...queueFields },
} satisfies Record<MediaKind, z.ZodRawShape>;

const asText = z.string().openapi({
  description: "The file as base64, as a data URL, or the http(s) URL to fetch it from",
});
const asPart = z.string().openapi({ format: "binary", description: "The file" });

/**
 * The contract of `POST /session/{sessionId}/send-<kind>`: as it is documented, and as it is served,
 * where the body is left to the connector so that nothing of it is held in memory here.
 */
export function sendMediaContract(
  kind: MediaKind,
  { summary, description }: { summary: string; description: string },
) {
  const request = { params: sessionParams, headers: z.object(idempotencyHeader) };
  const served = createRoute({
    method: "post",
    path: `/session/{sessionId}/send-${kind}`,
    tags: ["Messages"],
    summary,
    description,
    request,
    responses: {
      201: { description: "WhatsApp accepted the message", ...messageResponse },
      202: {
        description:
          "The message was queued, the file is being uploaded, or WhatsApp has not acknowledged it yet",
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
        "storage_unavailable",
        "session_unavailable",
        "connector_unavailable",
        "database_unavailable",
      ),
    },
  });
  const body = {
    required: true,
    content: {
      "application/json": { schema: z.object({ ...fieldsOf[kind], [kind]: asText }) },
      "multipart/form-data": { schema: z.object({ ...fieldsOf[kind], [kind]: asPart }) },
    },
  };
  return { served, documented: { ...served, request: { ...request, body } } };
}
