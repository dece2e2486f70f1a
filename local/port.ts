import { once } from "node:events";
import { createServer } from "node:net";
import { inspect } from "node:util";
import { CannotStart } from "./cannot-start.ts";

/**
 * Returns the preferred loopback port if it is free, otherwise any free port. A preference of 0
 * means any.
 */
export async function preferPort(preferred: number): Promise<number> {
  return (await tryPort(preferred)) ?? (await tryPort(0)) ?? 0;
}

/**
 * Throws CannotStart if this process cannot listen on the loopback port: another program does, or
 * only root may.
 */
export async function requirePort(port: number): Promise<void> {
  if (port === 0) return;
  try {
    await listenOnce(port);
  } catch (cause) {
    throw new CannotStart(`Port ${port} ${whyNot(cause)}. Choose another: PORT=3001 npm start`, {
      cause,
    });
  }
}

function whyNot(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "EADDRINUSE") return "is already in use";
  if (code === "EACCES") return "may only be used by root";
  return `cannot be used: ${inspect(cause)}`;
}

async function tryPort(port: number): Promise<number | undefined> {
  return listenOnce(port).catch(() => undefined);
}

/** Listens, stops again and returns the port. */
async function listenOnce(port: number): Promise<number | undefined> {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return address === null || typeof address === "string" ? undefined : address.port;
}
