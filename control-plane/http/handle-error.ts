import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { ApiError } from "../../shared/errors.ts";
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

function knownError(error: Error): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (!(error instanceof HTTPException)) return undefined;
  switch (error.status) {
    case 400:
      return new ApiError("invalid_json", "Send one JSON object as the body.", { cause: error });
    case 413:
      return new ApiError("payload_too_large", "Send a body of at most 1 MB.", { cause: error });
    case 415:
      return new ApiError(
        "unsupported_media_type",
        "Send the body as JSON, with Content-Type: application/json.",
        { cause: error },
      );
    default:
      return undefined;
  }
}
