import type { IncomingMessage, ServerResponse } from "node:http";
import { HttpError } from "./http-error.ts";

/** One HTTP request with its parsed URL. */
export type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  /** Undecoded path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
};

const maxBodyBytes = 100 * 1024 * 1024;

export const exposedHeaders = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers":
    "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Range-Unit, X-Total-Count",
} as const;

export function createExchange(request: IncomingMessage, response: ServerResponse): Exchange {
  const url = request.url ?? "/";
  const mark = url.indexOf("?");
  return {
    request,
    response,
    method: request.method ?? "GET",
    path: mark === -1 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark === -1 ? "" : url.slice(mark + 1)),
  };
}

export async function readBody(exchange: Exchange): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of exchange.request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new HttpError(413, { message: "Payload too large" });
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

export function header(exchange: Exchange, name: string): string | undefined {
  const value = exchange.request.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

export function reply(
  exchange: Exchange,
  answer: { status: number; body?: string | Buffer; headers?: Record<string, string> },
): void {
  const { status, body = "", headers } = answer;
  exchange.response.writeHead(status, {
    ...exposedHeaders,
    ...(body.length > 0 ? { "content-type": "application/json; charset=utf-8" } : {}),
    ...(status === 204 ? {} : { "content-length": String(Buffer.byteLength(body)) }),
    ...headers,
  });
  exchange.response.end(exchange.method === "HEAD" ? undefined : body);
}

export function replyJson(exchange: Exchange, status: number, value: unknown): void {
  reply(exchange, { status, body: JSON.stringify(value) });
}
