import { once } from "node:events";
import { createServer, connect, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A network path that can fail in every way a real one does. Its address stays the same. */
export interface TcpProxy {
  port: number;
  /** Forwards everything, what was held back included. */
  pass(): void;
  /** Keeps connections open and accepts new ones, but forwards nothing until pass(). */
  hang(): void;
  /** Forwards everything after this delay, in order. */
  slow(delayMs: number): void;
  /** Closes all connections, and every new one at once. */
  refuse(): void;
  /** Closes the connections to the target; the clients' side stays open and silent. */
  cutHalfOpen(): void;
  stop(): Promise<void>;
}

interface Direction {
  from: Socket;
  to: Socket;
  held: Buffer[];
  /** The chunks before this one, on a slow path. */
  sent: Promise<unknown>;
}

/** A proxy to this host and port on a free port of the loopback interface. */
export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const directions = new Set<Direction>();
  let mode: "pass" | "hang" | "refuse" | { delayMs: number } = "pass";

  function forward(direction: Direction, chunk: Buffer): void {
    if (direction.to.destroyed) return;
    if (typeof mode === "object") {
      const { delayMs } = mode;
      const due = sleep(delayMs);
      direction.sent = direction.sent.then(() => due).then(() => direction.to.write(chunk));
    } else if (mode === "hang") direction.held.push(chunk);
    else direction.to.write(chunk);
  }

  const server = createServer((client) => {
    if (mode === "refuse") {
      client.destroy();
      return;
    }
    const upstream = connect(target.port, target.host);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      const direction: Direction = { from, to, held: [], sent: Promise.resolve() };
      directions.add(direction);
      from.on("data", (chunk: Buffer) => forward(direction, chunk));
      from.on("error", () => from.destroy());
      from.on("close", () => {
        directions.delete(direction);
        // A path that hangs does not report the end of the other side either.
        if (mode !== "hang") to.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    port: portOf(server),
    pass() {
      mode = "pass";
      for (const direction of directions) {
        for (const chunk of direction.held.splice(0)) direction.to.write(chunk);
        if (direction.to.destroyed) direction.from.destroy();
      }
    },
    hang() {
      mode = "hang";
    },
    slow(delayMs) {
      mode = { delayMs };
    },
    refuse() {
      mode = "refuse";
      for (const { from } of directions) from.destroy();
    },
    cutHalfOpen() {
      mode = "hang";
      for (const { from } of directions) if (from.remotePort === target.port) from.destroy();
    },
    async stop() {
      mode = "refuse";
      for (const { from } of directions) from.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The proxy has no port");
  return address.port;
}
