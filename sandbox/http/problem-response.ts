import { HTTPException } from "hono/http-exception";
import type { Logger } from "pino";
import { SandboxError } from "../sandbox-error.ts";

/** Any error as `application/problem+json` (RFC 9457). Unexpected errors are logged, not shown. */
export function problemResponse(error: Error, log: Logger): Response {
  if (error instanceof SandboxError) {
    const { code, status, message } = error;
    return respond({ code, status, detail: message });
  }
  if (error instanceof HTTPException) {
    // The only one that Hono throws here: the body cannot be parsed.
    return respond({ code: "invalid_request", status: 422, detail: "The body must be JSON." });
  }
  log.error({ err: error }, "request failed");
  return respond({
    code: "internal_error",
    status: 500,
    detail: "The sandbox failed to handle the request. See its log for the cause.",
  });
}

interface Problem {
  code: string;
  status: number;
  detail: string;
}

function respond({ code, status, detail }: Problem): Response {
  const title = code.replaceAll("_", " ");
  const body = { type: "about:blank", title, status, code, detail };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/problem+json" },
  });
}
