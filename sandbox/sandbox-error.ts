/** The stable error codes of the phones API, with their HTTP status. */
const statuses = {
  invalid_request: 422,
  invalid_qr: 422,
  wrong_code: 422,
  not_on_whatsapp: 422,
  unsupported_media_type: 415,
  phone_offline: 409,
  phone_exists: 409,
  host_not_allowed: 403,
  phone_not_found: 404,
  device_not_found: 404,
  no_code_pending: 404,
  media_not_found: 404,
  not_found: 404,
  media_unreadable: 409,
  media_too_large: 413,
  qr_expired: 410,
  qr_secret_retired: 410,
  pairing_unanswered: 504,
} as const;

export type SandboxErrorCode = keyof typeof statuses;

/** An error caused by the caller of the phones API. The message says what to do about it. */
export class SandboxError extends Error {
  readonly code: SandboxErrorCode;

  constructor(code: SandboxErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get status() {
    return statusOf(this.code);
  }
}

export function statusOf(code: SandboxErrorCode) {
  return statuses[code];
}
