import { ApiError } from "../../shared/errors.ts";

/** The error for a file or a field that cannot be sent: what is wrong, then what to do. */
export function invalidField(field: string, detail: string, cause?: unknown): ApiError {
  return new ApiError("invalid_request", `${field}: ${detail}`, {
    errors: [{ field, detail }],
    cause,
  });
}

export function tooLarge(field: string, maxBytes: number): ApiError {
  const limit = `${Math.floor(maxBytes / 1_000_000)} MB`;
  return new ApiError(
    "payload_too_large",
    `${field}: The file is larger than ${limit}, the limit of this endpoint. Send a smaller one.`,
    { errors: [{ field, detail: `Must be at most ${limit} (${maxBytes} bytes)` }] },
  );
}
