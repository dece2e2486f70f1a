import type { IncomingMessage, Server, ServerResponse } from "node:http";

/** How long a client has for each step of a request, in milliseconds; then it is disconnected. */
export interface HttpLimits {
  /** For all headers. */
  headersTimeout: number;
  /** For the whole request. */
  requestTimeout: number;
  /** Between two requests on a connection. */
  keepAliveTimeout: number;
  /** How often the first two are checked. */
  connectionsCheckingInterval: number;
  /** Without a byte in either direction. */
  silence: number;
  /** To read the answer to a request whose body was not read. */
  linger: number;
}

export const defaultHttpLimits: HttpLimits = {
  headersTimeout: 10_000,
  // The largest file on a slow line. Only who has a token gets a body read, and a command is limited
  // by its route.
  requestTimeout: 30 * 60_000,
  // Longer than proxies keep an idle connection: they close it, so that no request meets the close.
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 1000,
  // Longer than a file takes to be fetched and stored.
  silence: 5 * 60_000,
  linger: 1000,
};

/** Ends connections that are silent, and those of requests that were answered before they were read. */
export function limitConnections(server: Server, { silence, linger }: HttpLimits): void {
  server.setTimeout(silence, (socket) => socket.destroy());
  server.prependListener("request", (incoming: IncomingMessage, outgoing: ServerResponse) => {
    outgoing.prependOnceListener("finish", () => {
      if (incoming.complete || isBeingRead(incoming)) return;
      const { socket } = incoming;
      socket.end();
      // Node would read the rest, whatever its size, to use the connection again.
      process.nextTick(() => incoming.pause());
      const timer = setTimeout(() => socket.destroy(), linger);
      socket.once("close", () => clearTimeout(timer));
    });
  });
}

function isBeingRead(incoming: IncomingMessage): boolean {
  return incoming.readableFlowing === true;
}
