import { ApiError } from "../../shared/errors.ts";
import { mediaBucket } from "../../shared/media.ts";

/** Until the response headers; the content then takes as long as its reader does. */
const timeoutMs = 10_000;

export interface FileRequest {
  tenantId: string;
  sessionId: string;
  fileName: string;
  method: "GET" | "HEAD";
  /** Of the request: `Range`, `If-None-Match`, `If-Range`. */
  headers: Headers;
}

/** Reads files of messages from the private bucket. */
export class FileStore {
  readonly #base: string;
  readonly #key: string;
  readonly #fetch: typeof fetch;

  constructor(options: { url: string; key: string; fetch: typeof fetch }) {
    this.#base = `${options.url.replace(/\/$/, "")}/storage/v1/object/authenticated/${mediaBucket}`;
    this.#key = options.key;
    this.#fetch = options.fetch;
  }

  /** Storage's response with status 200, 206, 304 or 416. @throws ApiError not_found, storage_unavailable */
  async open({ tenantId, sessionId, fileName, method, headers }: FileRequest): Promise<Response> {
    const path = [tenantId, sessionId, fileName].map(encodeURIComponent).join("/");
    const sent = new Headers({ apikey: this.#key, authorization: `Bearer ${this.#key}` });
    for (const name of ["range", "if-none-match", "if-range"]) {
      const value = headers.get(name);
      if (value !== null) sent.set(name, value);
    }
    const aborter = new AbortController();
    const timer = setTimeout(() => aborter.abort(), timeoutMs);
    // workerd rejects a fetch that is called as a method of another object.
    const send = this.#fetch;
    let response: Response;
    try {
      response = await send(`${this.#base}/${path}`, {
        method,
        headers: sent,
        signal: aborter.signal,
      });
    } catch (cause) {
      throw unavailable(cause);
    } finally {
      clearTimeout(timer);
    }
    if ([200, 206, 304, 416].includes(response.status)) return response;
    await response.body?.cancel();
    // The hosted Storage answers 400 for an object that does not exist.
    if (response.status === 404 || response.status === 400) throw fileNotFound();
    throw unavailable(new Error(`Storage answered ${response.status}`));
  }
}

export function fileNotFound(): ApiError {
  return new ApiError("not_found", "There is no such file. Take the URL from a message.");
}

function unavailable(cause: unknown): ApiError {
  return new ApiError(
    "storage_unavailable",
    "The file storage did not respond. Try again in a few seconds.",
    {
      retryAfterSeconds: 5,
      cause,
    },
  );
}
