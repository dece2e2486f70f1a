import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

export interface CountingProxy {
  url: string;
  /** Where requests are forwarded to. */
  target: string;
  /** How many requests were forwarded for this path. */
  count(path: string): number;
  stop(): void;
}

/** Forwards the Worker's database requests and counts them. WebSockets are not forwarded. */
export async function startCountingProxy(): Promise<CountingProxy> {
  const counts = new Map<string, number>();
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? "/", proxy.target);
    counts.set(url.pathname, (counts.get(url.pathname) ?? 0) + 1);
    const { method, headers } = incoming;
    const forwarded = request(url, { method, headers }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    forwarded.on("error", () => outgoing.writeHead(502).end());
    incoming.pipe(forwarded);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const proxy: CountingProxy = {
    url: `http://127.0.0.1:${port}`,
    target: "",
    count: (path) => counts.get(path) ?? 0,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
  return proxy;
}
