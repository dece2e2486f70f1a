import { z } from "@hono/zod-openapi";
import { ApiError } from "../../shared/errors.ts";
import type { LocatedSession } from "../../shared/database.ts";
import { sessionStateSchema } from "../../shared/session.ts";
import type { QrFormat } from "./qr-format.ts";
import { qrDataUrl, qrPng, qrSvg } from "./render-qr.ts";

export const qrSchema = z
  .object({
    session_id: z.string(),
    state: sessionStateSchema,
    qr: z
      .string()
      .nullable()
      .openapi({ description: "The content of the QR code; null when there is none to scan" }),
    image: z.string().nullable().openapi({ description: "The QR code as a PNG data URL" }),
    expires_at: z.string().nullable(),
  })
  .openapi("Qr");

export const qrContent = {
  "application/json": { schema: qrSchema },
  "image/png": { schema: z.string().openapi({ format: "binary" }) },
  "image/svg+xml": { schema: z.string() },
  "text/plain": { schema: z.string() },
};

const noStoreHeaders = { "cache-control": "no-store", vary: "accept" };

/** The QR code in the requested format. JSON also covers a session that has none to scan. */
export async function qrResponse(
  session: { sessionId: string; located: LocatedSession },
  format: QrFormat,
): Promise<Response> {
  const { located } = session;
  const qr = located.state === "connected" ? null : located.qr;
  if (format === "json") {
    const body: z.infer<typeof qrSchema> = {
      session_id: session.sessionId,
      state: located.state,
      qr,
      image: qr === null ? null : qrDataUrl(qr),
      expires_at: qr === null ? null : located.qr_expires_at,
    };
    return Response.json(body, { headers: noStoreHeaders });
  }
  if (qr === null) throw noQrError(located);
  return new Response(await render(qr, format), {
    headers: { ...noStoreHeaders, "content-type": mediaTypes[format] },
  });
}

const mediaTypes = { png: "image/png", svg: "image/svg+xml", raw: "text/plain; charset=utf-8" };

async function render(qr: string, format: keyof typeof mediaTypes) {
  if (format === "raw") return qr;
  return format === "png" ? qrPng(qr) : qrSvg(qr);
}

function noQrError(located: LocatedSession): ApiError {
  return located.state === "connected"
    ? new ApiError(
        "session_already_connected",
        "The session is connected and has no QR code. DELETE the session to unlink its number.",
      )
    : new ApiError(
        "session_unavailable",
        "The session is pairing by code. POST /session/:sessionId/regenerate-qr to get a QR code instead.",
      );
}
