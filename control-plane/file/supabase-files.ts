import { mediaBucket } from "../../shared/media.ts";
import {
  fileNotFound,
  type FileRequest,
  fileStatuses,
  type FileStore,
  rangeHeaders,
  storageUnavailable,
} from "./file-store.ts";

/** Until the response headers; the content then takes as long as its reader does. */
const timeoutMs = 10_000;

/** Reads files of messages from the private bucket. */
export class SupabaseFiles implements FileStore {
  readonly #base: string;
  readonly #key: string;
  readonly #fetch: typeof fetch;

  constructor(options: { url: string; key: string; fetch: typeof fetch }) {
    this.#base = `${options.url.replace(/\/$/, "")}/storage/v1/object/authenticated/${mediaBucket}`;
    this.#key = options.key;
    this.#fetch = options.fetch;
  }

  async open({ tenantId, sessionId, fileName, method, headers }: FileRequest): Promise<Response> {
    const path = [tenantId, sessionId, fileName].map(encodeURIComponent).join("/");
    const sent = rangeHeaders(headers);
    sent.set("apikey", this.#key);
    sent.set("authorization", `Bearer ${this.#key}`);
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
      throw storageUnavailable(cause);
    } finally {
      clearTimeout(timer);
    }
    if (fileStatuses.includes(response.status)) return response;
    await response.body?.cancel();
    // The hosted Storage answers 400 for an object that does not exist.
    if (response.status === 404 || response.status === 400) throw fileNotFound();
    throw storageUnavailable(new Error(`Storage answered ${response.status}`));
  }
}
