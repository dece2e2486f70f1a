import { once } from "node:events";
import { createServer, connect, type Server, type Socket } from "node:net";

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
  /** Closes all connections once; new ones work. */
  cut(): void;
  /** The open connections stay open and silent until pass(); new ones work. */
  freeze(): void;
  /** Closes the connections of one side; the other side's stay open and silent, and so do new ones. */
  cutHalfOpen(closed?: "target" | "client"): void;
  stop(): Promise<void>;
}

interface Direction {
  from: Socket;
  to: Socket;
  side: "client" | "target";
  /** What was read and not yet forwarded, in order. */
  queue: { chunk: Buffer; dueAt: number }[];
  timer: NodeJS.Timeout | undefined;
  isFrozen: boolean;
}

/** A proxy to this host and port on a free port of the loopback interface. */
export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const directions = new Set<Direction>();
  let mode: "pass" | "hang" | "refuse" = "pass";
  let delayMs = 0;

  /** Writes what is due, oldest first, so that a change of the delay never reorders bytes. */
  function flush(direction: Direction): void {
    clearTimeout(direction.timer);
    if (mode === "hang" || direction.isFrozen) return;
    for (;;) {
      const [next] = direction.queue;
      if (direction.to.destroyed) {
        directions.delete(direction);
        return;
      }
      if (next === undefined) {
        if (direction.from.destroyed) end(direction);
        return;
      }
      const waitMs = next.dueAt - performance.now();
      if (waitMs > 0) {
        direction.timer = setTimeout(() => flush(direction), waitMs);
        return;
      }
      direction.queue.shift();
      direction.to.write(next.chunk);
    }
  }

  /** Closes the receiving side once everything before the end was written to it. */
  function end(direction: Direction): void {
    directions.delete(direction);
    direction.to.destroySoon();
  }

  const server = createServer((client) => {
    if (mode === "refuse") {
      client.destroy();
      return;
    }
    const upstream = connect(target.port, target.host);
    for (const [from, to, side] of [
      [client, upstream, "client"],
      [upstream, client, "target"],
    ] as const) {
      const direction: Direction = { from, to, side, queue: [], timer: undefined, isFrozen: false };
      directions.add(direction);
      from.setNoDelay();
      from.on("data", (chunk: Buffer) => {
        direction.queue.push({ chunk, dueAt: performance.now() + delayMs });
        flush(direction);
      });
      from.on("error", () => from.destroy());
      // A path that hangs reports the end of one side to the other once it passes again.
      from.on("close", () => flush(direction));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  const closeAll = (side?: Direction["side"]) => {
    for (const { from, side: its } of directions) {
      if (side === undefined || its === side) from.destroy();
    }
  };
  /** Forwards what a hang held back, the ends of connections included. */
  const resume = () => {
    for (const direction of directions) flush(direction);
  };
  return {
    port: portOf(server),
    pass() {
      mode = "pass";
      delayMs = 0;
      for (const direction of directions) direction.isFrozen = false;
      resume();
    },
    hang() {
      mode = "hang";
    },
    slow(ms) {
      mode = "pass";
      delayMs = ms;
      resume();
    },
    refuse() {
      mode = "refuse";
      closeAll();
    },
    cut() {
      closeAll();
    },
    freeze() {
      for (const direction of directions) direction.isFrozen = true;
    },
    cutHalfOpen(closed = "target") {
      mode = "hang";
      closeAll(closed);
    },
    async stop() {
      mode = "refuse";
      closeAll();
      directions.clear();
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
