/**
 * Every error of the API by its stable code, with its HTTP status and a title that is the same
 * for every occurrence (RFC 9457).
 */
export const errorKinds = {
  invalid_request: { status: 422, title: "Invalid request" },
  invalid_json: { status: 400, title: "Invalid JSON" },
  unauthorized: { status: 401, title: "Missing or invalid API key" },
  forbidden: { status: 403, title: "Not allowed with this API key" },
  tenant_suspended: { status: 403, title: "Tenant suspended" },
  origin_not_allowed: { status: 403, title: "Origin not allowed" },
  not_found: { status: 404, title: "Not found" },
  method_not_allowed: { status: 405, title: "Method not allowed" },
  not_acceptable: { status: 406, title: "No acceptable media type" },
  not_queued: { status: 409, title: "Message not queued any more" },
  conflict: { status: 409, title: "Already exists" },
  quota_exceeded: { status: 409, title: "Quota exceeded" },
  session_not_connected: { status: 409, title: "Session not connected" },
  session_already_connected: { status: 409, title: "Session already connected" },
  payload_too_large: { status: 413, title: "Body too large" },
  unsupported_media_type: { status: 415, title: "Unsupported media type" },
  idempotency_mismatch: { status: 422, title: "Idempotency key used with another request" },
  not_on_whatsapp: { status: 422, title: "Number not on WhatsApp" },
  pairing_refused: { status: 422, title: "WhatsApp refused the pairing" },
  message_rejected: { status: 422, title: "Message rejected" },
  too_many_streams: { status: 429, title: "Too many open streams" },
  rate_limited: { status: 429, title: "Too many requests" },
  not_configured: { status: 501, title: "Not configured on this installation" },
  internal: { status: 500, title: "Internal error" },
  storage_unavailable: { status: 503, title: "File storage unavailable" },
  session_unavailable: { status: 503, title: "Session temporarily unavailable" },
  connector_unavailable: { status: 503, title: "Connector unavailable" },
  database_unavailable: { status: 503, title: "Database unavailable" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof errorKinds;

/** An invalid field of a request: its dotted path and what to do. */
export interface FieldError {
  field: string;
  detail: string;
}

/**
 * The only error class that API clients see: `detail` says what is wrong, then what to do. Any
 * other error is logged and reported as `internal`.
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
