import { ApiError, type ErrorCode } from "../../shared/errors.ts";

/** What a connector may say to the caller; anything else it says is between it and us. */
const shownCodes = [
  "invalid_request",
  "conflict",
  "session_not_connected",
  "session_already_connected",
  "idempotency_mismatch",
  "not_on_whatsapp",
  "message_rejected",
  "rate_limited",
  "session_unavailable",
  "connector_unavailable",
  "database_unavailable",
] as const satisfies ErrorCode[];

const retryAfterSeconds = 5;

export function errorOfRefusal(refusal: { code: string; detail: string }): Error {
  const code = shownCodes.find((shown) => shown === refusal.code);
  if (code === undefined) {
    return new Error("A connector refused a command", {
      cause: new Error(`${refusal.code}: ${refusal.detail}`),
    });
  }
  const transient = code.endsWith("_unavailable");
  return new ApiError(code, refusal.detail, transient ? { retryAfterSeconds } : {});
}
