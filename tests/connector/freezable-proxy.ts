import { once } from "node:events";
import { createServer, connect, type Socket } from "node:net";

/** Passes TCP on, until it is told to swallow everything as a dead network does. */
export async function startFreezableProxy(target: URL): Promise<{
  port: number;
  freeze: () => void;
  thaw: () => void;
  stop: () => Promise<void>;
}> {
  let frozen = false;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on("data", (chunk) => {
        if (!frozen) to.write(chunk);
      });
      from.on("error", () => from.destroy());
      from.on("close", () => {
        sockets.delete(from);
        if (!frozen) to.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    freeze: () => (frozen = true),
    thaw: () => (frozen = false),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
