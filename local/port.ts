import { once } from "node:events";
import { createServer } from "node:net";

/**
 * The wanted port of the loopback interface while nobody listens there, otherwise any free one.
 * 0 wants any.
 */
export async function portNear(wanted: number): Promise<number> {
  return (await tryPort(wanted)) ?? (await tryPort(0)) ?? 0;
}

/** False while somebody listens on this port of the loopback interface. */
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
