import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { ApiError, type ErrorCode } from "../../shared/errors.ts";
import type { AppEnv } from "./app-env.ts";
import { describeError, logEvent } from "./log.ts";
import { problemResponse } from "./problem.ts";

/** Every error becomes a problem; what was not meant for callers is logged and not shown. */
export function handleError(error: Error, c: Context<AppEnv>): Response {
  const known = knownError(error);
  const shown =
    known ?? new ApiError("internal", "Tell the operator the request_id of this answer.");
  if (shown.status >= 500) {
    logEvent(known === undefined ? "error" : "warn", "request_failed", {
      request_id: c.get("requestId"),
      method: c.req.method,
      path: c.req.path,
      code: shown.code,
      ...describeError(error),
    });
  }
  return problemResponse(shown, c.get("requestId"));
}

/** What Hono and its OpenAPI layer throw while they read a body. */
const refusedBodies: Record<number, { code: ErrorCode; detail: string }> = {
  400: { code: "invalid_json", detail: "Send one JSON object as the body." },
  415: {
    code: "unsupported_media_type",
    detail: "Send the body as JSON, with Content-Type: application/json.",
  },
};

function knownError(error: Error): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (!(error instanceof HTTPException)) return undefined;
  const refusal = refusedBodies[error.status];
  return refusal && new ApiError(refusal.code, refusal.detail, { cause: error });
}
