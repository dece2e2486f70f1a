import { ApiError, ConnectionError, TimeoutError } from "../errors.ts";
import type { WhatsAppEvent } from "../types.generated.ts";
import { readEvents } from "./read-events.ts";
import { readJson, toApiError } from "./answer.ts";
import { encodeBody } from "./body.ts";
import type { RequestOptions, SendOptions, StreamOptions } from "./options.ts";
import { type Page, type PagePromise, pages } from "./page.ts";
import { retryDelayMs } from "./retry.ts";
import { parseBaseUrl, urlOf } from "./url.ts";
import { reasonOf, wait } from "./wait.ts";

export interface TransportSettings extends Omit<RequestOptions, "signal"> {
  baseUrl: string;
  /** The name and the value of the header that authenticates. */
  key: { header: string; value: string };
  fetch?: typeof fetch | undefined;
  random?: (() => number) | undefined;
}

/** One operation with its arguments. */
export interface OperationRequest {
  method: string;
  path: readonly string[];
  query?: object;
  body?: unknown;
  /** The API carries it out once for each Idempotency-Key. */
  takesIdempotencyKey?: boolean;
  /** Statuses besides 2xx whose body is the result. */
  accepts?: readonly number[];
}

/** A request whose method alone says that a repetition has no second effect. */
const repeatableMethods = new Set(["GET", "PUT", "PATCH", "DELETE"]);

/** Makes requests with their retries, and turns failures into errors. */
export class Transport {
  readonly #baseUrl: string;
  readonly #settings: TransportSettings;
  readonly #fetch: typeof fetch;

  constructor(settings: TransportSettings) {
    this.#baseUrl = parseBaseUrl(settings.baseUrl);
    this.#settings = settings;
    const given = settings.fetch;
    // workerd and browsers refuse a fetch that is called as a method of another object.
    this.#fetch =
      given === undefined ? (url, init) => fetch(url, init) : (url, init) => given(url, init);
  }

  json<Result>(request: OperationRequest, options: RequestOptions): Promise<Result> {
    return this.#call(request, options, (response) => readJson<Result>(response));
  }

  nothing(request: OperationRequest, options: RequestOptions): Promise<void> {
    return this.#call(request, options, async (response) => {
      await response.body?.cancel();
    });
  }

  /** The response with its body unread. The timeout is over once its headers are there. */
  response(request: OperationRequest, options: RequestOptions): Promise<Response> {
    return this.#call(request, options, (response) => Promise.resolve(response));
  }

  list<Item>(request: OperationRequest, options: RequestOptions): PagePromise<Item> {
    return pages((cursor) => {
      // `offset` skips rows of the whole list, so it is for the first page only.
      const query =
        cursor === undefined ? request.query : { ...request.query, offset: undefined, cursor };
      return this.json<Page<Item>>(
        { ...request, ...(query === undefined ? {} : { query }) },
        options,
      );
    });
  }

  events(
    request: OperationRequest,
    options: StreamOptions,
  ): AsyncGenerator<WhatsAppEvent, void, undefined> {
    const url = this.#url(request);
    return readEvents(
      (lastEventId, signal) =>
        this.#fetch(url, {
          headers: {
            ...this.#keyHeader(),
            accept: "text/event-stream",
            ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
          },
          redirect: "manual",
          signal,
        }),
      { ...options, random: this.#settings.random ?? Math.random },
    );
  }

  async #call<Result>(
    request: OperationRequest,
    options: SendOptions,
    read: (response: Response) => Promise<Result>,
  ): Promise<Result> {
    const settings = { ...this.#settings, ...withoutUndefined(options) };
    const { signal, deadlineMs = 120_000, maxRetries = 4, timeoutMs = 60_000 } = settings;
    const endsAt = Date.now() + deadlineMs;
    const init = this.#init(request, options.idempotencyKey);
    const url = this.#url(request);
    const isRepeatable =
      repeatableMethods.has(request.method) || request.takesIdempotencyKey === true;
    for (let attempts = 1; ; attempts++) {
      try {
        const remainingMs = Math.max(1, endsAt - Date.now());
        return await this.#attempt({
          url,
          init,
          request,
          read,
          signal,
          timeoutMs: Math.min(timeoutMs, remainingMs),
        });
      } catch (error) {
        if (signal?.aborted === true) throw reasonOf(signal);
        if (isGone(error, request, attempts))
          return await read(new Response(null, { status: 204 }));
        const random = this.#settings.random ?? Math.random;
        const delayMs = retryDelayMs(error, { isRepeatable, attempts }, random);
        if (delayMs === undefined || attempts > maxRetries) throw error;
        if (Date.now() + delayMs >= endsAt) throw error;
        await wait(delayMs, signal);
      }
    }
  }

  async #attempt<Result>({
    url,
    init,
    request,
    read,
    signal,
    timeoutMs,
  }: {
    url: string;
    init: RequestInit;
    request: OperationRequest;
    read: (response: Response) => Promise<Result>;
    signal: AbortSignal | undefined;
    timeoutMs: number;
  }): Promise<Result> {
    signal?.throwIfAborted();
    const aborter = new AbortController();
    const abort = () => aborter.abort(signal === undefined ? undefined : reasonOf(signal));
    signal?.addEventListener("abort", abort, { once: true });
    const timeout = new TimeoutError(
      `No answer to ${request.method} /${request.path.join("/")} within ${timeoutMs} ms`,
    );
    const timer = setTimeout(() => aborter.abort(timeout), timeoutMs);
    try {
      const response = await this.#fetch(url, { ...init, signal: aborter.signal });
      const isResult = response.ok || request.accepts?.includes(response.status) === true;
      if (!isResult) throw await toApiError(response, Date.now());
      return await read(response);
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (aborter.signal.reason === timeout) throw timeout;
      if (signal?.aborted === true) throw reasonOf(signal);
      throw new ConnectionError(
        `The API at ${this.#baseUrl} cannot be reached, or the connection broke. Check baseUrl and the network.`,
        { cause: error },
      );
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }

  #init(request: OperationRequest, idempotencyKey: string | undefined): RequestInit {
    const encoded =
      request.body === undefined ? { body: null, headers: {} } : encodeBody(request.body);
    const key =
      request.takesIdempotencyKey === true ? (idempotencyKey ?? crypto.randomUUID()) : undefined;
    return {
      method: request.method,
      body: encoded.body,
      headers: {
        ...this.#keyHeader(),
        accept: "application/json, application/problem+json;q=0.9, */*;q=0.1",
        ...encoded.headers,
        ...(key === undefined ? {} : { "idempotency-key": key }),
      },
      redirect: "manual",
    };
  }

  #keyHeader(): Record<string, string> {
    const { header, value } = this.#settings.key;
    return { [header]: value };
  }

  #url({ path, query }: OperationRequest): string {
    return urlOf(this.#baseUrl, path, { ...query });
  }
}

/** A DELETE whose first answer was lost finds nothing the second time: it is done. */
function isGone(error: unknown, { method }: OperationRequest, attempts: number): boolean {
  return method === "DELETE" && attempts > 1 && error instanceof ApiError && error.status === 404;
}

function withoutUndefined(options: SendOptions): SendOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
