import type { ErrorCode } from "./types.generated.ts";

/** A field that the API refused, and what to do. */
export interface FieldError {
  field: string;
  detail: string;
}

/** Every error of this package, besides the reason of an AbortSignal of yours. */
export class WhatsAppError extends Error {
  override name = "WhatsAppError";
}

/** The API refused the request or could not serve it (an RFC 9457 problem). */
export class ApiError extends WhatsAppError {
  override name = "ApiError";
  readonly status: number;
  /** Stable; `unexpected_response` when the answer was not one of this API, of a proxy perhaps. */
  readonly code: ErrorCode | "unexpected_response" | (string & {});
  /** What the operator finds the request by in the logs. */
  readonly requestId: string | undefined;
  /** The fields that were refused. */
  readonly errors: readonly FieldError[];
  /** After how many seconds the API asks to repeat the request. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    detail: string,
    about: {
      status: number;
      code: string;
      requestId?: string | undefined;
      errors?: readonly FieldError[];
      retryAfterSeconds?: number | undefined;
      cause?: unknown;
    },
  ) {
    super(detail, about.cause === undefined ? undefined : { cause: about.cause });
    this.status = about.status;
    this.code = about.code;
    this.requestId = about.requestId;
    this.errors = about.errors ?? [];
    this.retryAfterSeconds = about.retryAfterSeconds;
  }

  /** The first field that was refused. */
  get field(): string | undefined {
    return this.errors[0]?.field;
  }
}

/** No answer came: no connection, or it broke. `cause` is what fetch threw. */
export class ConnectionError extends WhatsAppError {
  override name = "ConnectionError";
}

/** No answer came in time. */
export class TimeoutError extends ConnectionError {
  override name = "TimeoutError";
}

/** The request does not come from the API, is too old, or was changed. Answer it with 401. */
export class WebhookVerificationError extends WhatsAppError {
  override name = "WebhookVerificationError";
  readonly code: "missing_header" | "wrong_timestamp" | "wrong_signature" | "invalid_payload";

  constructor(code: WebhookVerificationError["code"], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
