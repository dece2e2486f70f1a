import type { Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import { createServer, type Socket } from "node:net";

/** The first byte of a TLS connection: a handshake record (RFC 8446, 5.1). */
const tlsHandshake = 22;
/** A connection that sends nothing for this long is closed. */
const silenceTimeoutMs = 60_000;

export interface SharedPort {
  port: number;
  /** Cuts all connections and frees the port. */
  close: () => Promise<void>;
}

/**
 * Listens on one port for both: a connection that starts with a TLS handshake goes to `https`, any
 * other to `http`. Rejects if the port is in use (`EADDRINUSE`).
 */
export async function listenOnSharedPort(
  servers: { http: HttpServer; https: HttpsServer },
  { port, host }: { port: number; host: string },
): Promise<SharedPort> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    const close = () => socket.destroy();
    // Until a server takes the socket; an error without a listener would end the process.
    socket.on("error", close);
    socket.setTimeout(silenceTimeoutMs, close);
    socket.once("data", (first: Buffer) => {
      socket.setTimeout(0);
      socket.off("timeout", close);
      socket.pause();
      socket.unshift(first);
      if (first[0] === tlsHandshake) {
        // The TLS socket reads what is buffered here, and then from the handle below it.
        servers.https.emit("connection", socket);
      } else {
        servers.http.emit("connection", socket);
        socket.resume();
      }
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const close = async () => {
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { port: typeof address === "object" && address ? address.port : port, close };
}
