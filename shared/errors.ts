/**
 * Every error a caller can see, by its stable code: the HTTP status it is answered with and a
 * title that holds for every occurrence (RFC 9457).
 */
export const errorKinds = {
  invalid_request: { status: 422, title: "The request is not valid" },
  invalid_json: { status: 400, title: "The body is not valid JSON" },
  unauthorized: { status: 401, title: "The API key is missing or not valid" },
  forbidden: { status: 403, title: "This key may not do that" },
  not_found: { status: 404, title: "Not found" },
  method_not_allowed: { status: 405, title: "Method not allowed" },
  not_acceptable: { status: 406, title: "No such representation" },
  conflict: { status: 409, title: "It exists already" },
  session_not_connected: { status: 409, title: "The session is not connected" },
  session_already_connected: { status: 409, title: "The session is connected already" },
  payload_too_large: { status: 413, title: "The body is too large" },
  unsupported_media_type: { status: 415, title: "The body must be JSON" },
  idempotency_mismatch: { status: 422, title: "The idempotency key was used with another request" },
  not_on_whatsapp: { status: 422, title: "The number is not on WhatsApp" },
  message_rejected: { status: 422, title: "The message could not be sent" },
  rate_limited: { status: 429, title: "Too many requests" },
  internal: { status: 500, title: "Something went wrong on our side" },
  session_unavailable: { status: 503, title: "The session is between connectors" },
  connector_unavailable: { status: 503, title: "The connector did not answer" },
  database_unavailable: { status: 503, title: "The database did not answer" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof errorKinds;

/** A mistake in one field of a request: where (dotted path) and what to do. */
export interface FieldError {
  field: string;
  detail: string;
}

/**
 * The one error class that is meant for callers: `detail` is shown to them and tells the next
 * step. Anything else that is thrown is logged and answered as `internal`.
 */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly errors: FieldError[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    detail: string,
    more: { errors?: FieldError[]; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = "ApiError";
    this.code = code;
    this.errors = more.errors;
    this.retryAfterSeconds = more.retryAfterSeconds;
  }

  get status(): number {
    return errorKinds[this.code].status;
  }
}
