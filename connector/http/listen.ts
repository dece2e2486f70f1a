import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import { defaultHttpLimits, type HttpLimits, limitConnections } from "./limits.ts";

export interface Listening {
  port: number;
  stop: () => Promise<void>;
}

/** How long the requests in progress may take when the server stops. */
const stopMs = 1000;

/** Without a host it listens on all addresses, IPv4 and IPv6. */
export async function listen(
  app: Hono,
  {
    port,
    host,
    limits = defaultHttpLimits,
  }: { port: number; host: string | undefined; limits?: HttpLimits },
): Promise<Listening> {
  // Hono would read up to 64 MB of a body that nobody wanted.
  const listener = getRequestListener(app.fetch, { autoCleanupIncoming: false });
  const server = createServer(limits, (incoming, outgoing) => {
    void listener(incoming, outgoing); // never rejects: it answers with the error
  });
  limitConnections(server, limits);
  server.listen(port, host);
  await once(server, "listening");
  return { port: portOf(server), stop: () => stop(server) };
}

async function stop(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), stopMs);
  await closed;
  clearTimeout(timer);
}

/** A server that listens on a port has an AddressInfo. */
function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port");
  return address.port;
}
