import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { ApiError, type ErrorCode } from "../../shared/errors.ts";
import type { AppEnv } from "./app-env.ts";
import { describeError, logEvent } from "./log.ts";
import { problemResponse } from "./problem.ts";

/** Turns an error into a problem response. Unexpected errors are logged and not shown. */
export function handleError(error: Error, c: Context<AppEnv>): Response {
  const known = knownError(error);
  const shown =
    known ??
    new ApiError(
      "internal",
      "Try again. If it keeps failing, give the request_id of this response to the operator.",
    );
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

/** The errors that Hono and its OpenAPI layer throw while reading a body. */
const bodyErrors: Record<number, { code: ErrorCode; detail: string }> = {
  400: { code: "invalid_json", detail: "Send one JSON object as the body." },
  415: {
    code: "unsupported_media_type",
    detail: "Send the body as JSON, with Content-Type: application/json.",
  },
};

function knownError(error: Error): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (!(error instanceof HTTPException)) return undefined;
  const bodyError = bodyErrors[error.status];
  return bodyError && new ApiError(bodyError.code, bodyError.detail, { cause: error });
}
