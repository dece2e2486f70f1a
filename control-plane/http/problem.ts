import { z } from "@hono/zod-openapi";
import { type ApiError, type ErrorCode, errorKinds } from "../../shared/errors.ts";

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string(),
    detail: z.string(),
    request_id: z.string(),
    errors: z.array(z.object({ field: z.string(), detail: z.string() })).optional(),
  })
  .openapi("Problem", {
    example: {
      type: "urn:whatsapp-microservice:error:not_found",
      title: errorKinds.not_found.title,
      status: 404,
      code: "not_found",
      detail: 'There is no session "main". Create it with POST /tenant/sessions.',
      request_id: "5f0a6f0e-6a55-4a5e-9a34-3c6f0a1b2c3d",
    },
  });

/** The HTTP response for an error (RFC 9457). */
export function problemResponse(error: ApiError, requestId: string): Response {
  const kind = errorKinds[error.code];
  const body: z.infer<typeof problemSchema> = {
    type: `urn:whatsapp-microservice:error:${error.code}`,
    title: kind.title,
    status: kind.status,
    code: error.code,
    detail: error.message,
    request_id: requestId,
    ...(error.errors === undefined ? {} : { errors: error.errors }),
  };
  const headers = new Headers({
    "content-type": "application/problem+json",
    "x-request-id": requestId,
  });
  if (error.retryAfterSeconds !== undefined) {
    headers.set("retry-after", String(error.retryAfterSeconds));
  }
  if (error.code === "unauthorized") headers.set("www-authenticate", "Bearer");
  return new Response(JSON.stringify(body), { status: kind.status, headers });
}

/** The error responses of a route's contract, one entry per status. */
export function problems(...codes: ErrorCode[]) {
  const byStatus: Record<
    number,
    {
      description: string;
      content: { "application/problem+json": { schema: typeof problemSchema } };
    }
  > = {};
  // A tenant may be at its limit, and an address may have sent too many invalid keys. A key may lack
  // the scope, and its tenant may be suspended.
  const limited: ErrorCode[] = codes.includes("unauthorized")
    ? ["rate_limited", "forbidden", "tenant_suspended"]
    : [];
  for (const code of new Set([...codes, ...limited])) {
    const { status, title } = errorKinds[code];
    const known = byStatus[status]?.description;
    byStatus[status] = {
      description: known === undefined ? `${code}: ${title}` : `${known}; ${code}: ${title}`,
      content: { "application/problem+json": { schema: problemSchema } },
    };
  }
  return byStatus;
}

/** Those of every route that reads a JSON body with a key. */
export const bodyProblems = problems(
  "invalid_json",
  "unauthorized",
  "payload_too_large",
  "unsupported_media_type",
  "invalid_request",
  "database_unavailable",
);
