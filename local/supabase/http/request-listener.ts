import type { RequestListener } from "node:http";
import type { Logger } from "pino";
import { isLoopbackHost } from "../../../shared/loopback-host.ts";
import { isConnectionError } from "../database/connection-error.ts";
import { handleBroadcast, type BroadcastServices } from "../realtime/broadcast-http.ts";
import { handleRest, type RestServices } from "../rest/handle-rest.ts";
import { handleStorage } from "../storage/handle-storage.ts";
import type { StorageServices } from "../storage/storage-request.ts";
import { createExchange, header, reply, replyJson, type Exchange } from "./exchange.ts";
import { HttpError } from "./http-error.ts";

export type Services = RestServices &
  BroadcastServices &
  StorageServices & { readonly log: Logger };

/** Routes a request to the service that its path names, and turns errors into responses. */
export function createRequestListener(services: Services): RequestListener {
  return (request, response) => {
    const exchange = createExchange(request, response);
    route(exchange, services).catch((error: unknown) => fail(exchange, error, services.log));
  };
}

async function route(exchange: Exchange, services: Services): Promise<void> {
  const { path } = exchange;
  // Public files are served without a key: a web page must not read them under its own name.
  if (!isLoopbackHost(header(exchange, "host"))) {
    throw new HttpError(403, {
      message: "The Host header does not name this machine",
      hint: "Call the local Supabase server at 127.0.0.1 or localhost.",
    });
  }
  if (exchange.method === "OPTIONS") return preflight(exchange);
  if (path.startsWith("/rest/v1/")) return handleRest(exchange, path.slice(9), services);
  if (path.startsWith("/realtime/v1/api/broadcast")) return handleBroadcast(exchange, services);
  if (path.startsWith("/storage/v1/")) return handleStorage(exchange, path.slice(12), services);
  if (path === "/auth/v1/health") {
    return replyJson(exchange, 200, { name: "GoTrue", version: "local", description: "local" });
  }
  throw new HttpError(404, { message: "no Route matched with those values" });
}

function preflight(exchange: Exchange): void {
  reply(exchange, {
    status: 204,
    headers: {
      "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
      "access-control-allow-headers": header(exchange, "access-control-request-headers") ?? "*",
      "access-control-max-age": "3600",
    },
  });
}

function fail(exchange: Exchange, error: unknown, log: Logger): void {
  if (exchange.response.headersSent) {
    exchange.response.destroy();
    return;
  }
  if (error instanceof HttpError) {
    replyJson(exchange, error.status, error.body);
    return;
  }
  if (isConnectionError(error)) {
    log.warn({ err: error }, "database unreachable");
    replyJson(exchange, 503, {
      code: "PGRST001",
      message: "Database client error. Retrying the connection.",
      details: null,
      hint: null,
    });
    return;
  }
  log.error({ err: error, path: exchange.path }, "request failed");
  replyJson(exchange, 500, {
    code: "XX000",
    message: "Internal server error",
    details: null,
    hint: null,
  });
}
