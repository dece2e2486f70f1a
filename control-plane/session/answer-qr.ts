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
    qr: z.string().nullable().openapi({ description: "The text of the QR" }),
    image: z.string().nullable().openapi({ description: "The same as a PNG data URL" }),
    expires_at: z.string().nullable(),
  })
  .openapi("Qr");

export const qrContent = {
  "application/json": { schema: qrSchema },
  "image/png": { schema: z.string().openapi({ format: "binary" }) },
  "image/svg+xml": { schema: z.string() },
  "text/plain": { schema: z.string() },
};

const uncached = { "cache-control": "no-store", vary: "accept" };

/** The QR in the form asked for; JSON can also say that there is none to scan. */
export async function answerQr(
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
      image: qr === null ? null : await qrDataUrl(qr),
      expires_at: qr === null ? null : located.qr_expires_at,
    };
    return Response.json(body, { headers: uncached });
  }
  if (qr === null) throw noQr(located);
  return new Response(await render(qr, format), {
    headers: { ...uncached, "content-type": mediaTypes[format] },
  });
}

const mediaTypes = { png: "image/png", svg: "image/svg+xml", raw: "text/plain; charset=utf-8" };

async function render(qr: string, format: keyof typeof mediaTypes) {
  if (format === "raw") return qr;
  return format === "png" ? qrPng(qr) : qrSvg(qr);
}

function noQr(located: LocatedSession): ApiError {
  return located.state === "connected"
    ? new ApiError("session_already_connected", "There is no QR to scan any more.")
    : new ApiError(
        "session_unavailable",
        "The session waits for its pairing code. POST regenerate-qr to have a QR instead.",
      );
}
