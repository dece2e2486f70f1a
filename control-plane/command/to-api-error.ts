import type { CommandFailure } from "../../shared/command.ts";
import { ApiError, type ErrorCode } from "../../shared/errors.ts";

/** The connector's error codes that API clients see; any other is reported as `internal`. */
const publicCodes = [
  "invalid_request",
  "invalid_json",
  "payload_too_large",
  "unsupported_media_type",
  "storage_unavailable",
  "conflict",
  "session_not_connected",
  "session_already_connected",
  "idempotency_mismatch",
  "not_on_whatsapp",
  "pairing_refused",
  "message_rejected",
  "rate_limited",
  "session_unavailable",
  "connector_unavailable",
  "database_unavailable",
] as const satisfies ErrorCode[];

const retryAfterSeconds = 5;

export function toApiError(failure: CommandFailure): Error {
  const code = publicCodes.find((known) => known === failure.code);
  if (code === undefined) {
    return new Error("A connector rejected a command", {
      cause: new Error(`${failure.code}: ${failure.detail}`),
    });
  }
  const isTransient = code.endsWith("_unavailable");
  return new ApiError(code, failure.detail, {
    ...(isTransient ? { retryAfterSeconds } : {}),
    ...(failure.errors === undefined ? {} : { errors: failure.errors }),
  });
}
