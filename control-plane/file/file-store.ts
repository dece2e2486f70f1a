import { ApiError } from "../../shared/errors.ts";

export interface FileRequest {
  tenantId: string;
  sessionId: string;
  fileName: string;
  method: "GET" | "HEAD";
  /** Of the request: `Range`, `If-None-Match`, `If-Range`. */
  headers: Headers;
}

/** Where files of messages are read from: Supabase Storage, or the directory of a connector. */
export interface FileStore {
  /** A response with status 200, 206, 304 or 416. @throws ApiError not_found, storage_unavailable */
  open(request: FileRequest): Promise<Response>;
}

/** The headers of a request that decide which part of a file is sent. */
export function rangeHeaders(headers: Headers): Headers {
  const passed = new Headers();
  for (const name of ["range", "if-none-match", "if-range"]) {
    const value = headers.get(name);
    if (value !== null) passed.set(name, value);
  }
  return passed;
}

export const fileStatuses = [200, 206, 304, 416];

export function fileNotFound(): ApiError {
  return new ApiError("not_found", "There is no such file. Take the URL from a message.");
}

export function storageUnavailable(cause: unknown): ApiError {
  return new ApiError(
    "storage_unavailable",
    "The file storage did not respond. Try again in a few seconds.",
    { retryAfterSeconds: 5, cause },
  );
}
