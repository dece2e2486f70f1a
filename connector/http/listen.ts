import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import type { Hono } from "hono";

export interface Listening {
  port: number;
  stop: () => Promise<void>;
}

/** Without a host it listens on all addresses, IPv4 and IPv6. */
export function listen(
  app: Hono,
  { port, host }: { port: number; host: string | undefined },
): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const server = serve(
      { fetch: app.fetch, port, ...(host === undefined ? {} : { hostname: host }) },
      (address: AddressInfo) =>
        resolve({
          port: address.port,
          stop: () =>
            new Promise((stopped) => {
              server.close(() => stopped());
              if ("closeIdleConnections" in server) server.closeIdleConnections();
            }),
        }),
    );
    server.once("error", reject);
  });
}
