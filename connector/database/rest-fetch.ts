import { Agent, type IncomingMessage, type RequestOptions, request as overHttp } from "node:http";
import { Agent as SecureAgent, request as overHttps } from "node:https";
import { urlToHttpOptions } from "node:url";

type Fetch = typeof fetch;

/** Idle connections are closed, as by the built-in fetch, before servers usually close them. */
const keeping = { keepAlive: true, timeout: 4000 };

/**
 * The fetch of a Supabase client. REST calls, of which every message makes some, use node:http with
 * keep-alive: a third of the CPU of the built-in fetch, which passes everything through web streams.
 * All other calls use the built-in fetch. Redirects are not followed: they would turn a POST into a
 * GET.
 */
export function restFetch(supabaseUrl: string): Fetch {
  const url = new URL(supabaseUrl);
  const isSecure = url.protocol === "https:";
  const agent = isSecure ? new SecureAgent(keeping) : new Agent(keeping);
  const request = isSecure ? overHttps : overHttp;
  const { hostname, port, protocol } = urlToHttpOptions(url);
  const address: RequestOptions = { agent, hostname, port, protocol };
  const { href: rest } = new URL("rest/v1/", url.href.endsWith("/") ? url : `${url.href}/`);

  return (input, init = {}) => {
    const { body, signal, method = "GET" } = init;
    if (typeof input !== "string" || !input.startsWith(rest) || !isText(body)) {
      return fetch(input, init);
    }
    return new Promise<Response>((resolve, reject) => {
      if (signal?.aborted === true) return reject(reasonOf(signal));
      const sent = request({
        ...address,
        path: input.slice(url.origin.length),
        method,
        headers: Object.fromEntries(new Headers(init.headers)),
      });
      const abort = () => sent.destroy();
      const failed = (cause: Error) => {
        signal?.removeEventListener("abort", abort);
        // Like the built-in fetch: the reason of the abort, or the error as a cause.
        if (signal?.aborted === true) reject(reasonOf(signal));
        else reject(new TypeError("fetch failed", { cause }));
      };
      signal?.addEventListener("abort", abort);
      sent.on("error", failed);
      sent.on("response", (message) => {
        let text = "";
        message.setEncoding("utf8");
        message.on("error", failed);
        message.on("data", (chunk: string) => {
          text += chunk;
        });
        message.on("end", () => {
          signal?.removeEventListener("abort", abort);
          resolve(answerOf(message, text));
        });
      });
      sent.end(body ?? undefined);
    });
  };
}

function isText(body: RequestInit["body"]): body is string | null | undefined {
  return body === undefined || body === null || typeof body === "string";
}

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new DOMException("Aborted", "AbortError");
}

/**
 * The parts of a Response that postgrest-js, the only caller for these URLs, reads. Creating a real
 * Response costs as much CPU as the call itself.
 */
function answerOf({ statusCode = 0, statusMessage = "", headers }: IncomingMessage, body: string) {
  const answer = {
    ok: statusCode >= 200 && statusCode < 300,
    status: statusCode,
    statusText: statusMessage,
    headers: { get: (name: string) => headers[name.toLowerCase()] ?? null },
    text: () => Promise.resolve(body),
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return answer as unknown as Response;
}
