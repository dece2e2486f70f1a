import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Returns the preferred loopback port if it is free, otherwise any free port. A preference of 0
 * means any.
 */
export async function preferPort(preferred: number): Promise<number> {
  return (await tryPort(preferred)) ?? (await tryPort(0)) ?? 0;
}

/** Whether nothing listens on this loopback port; always true for 0. */
export async function isFree(port: number): Promise<boolean> {
  return port === 0 || (await tryPort(port)) !== undefined;
}

async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    server.close();
    await once(server, "close");
    return address === null || typeof address === "string" ? undefined : address.port;
  } catch {
    return undefined;
  }
}
