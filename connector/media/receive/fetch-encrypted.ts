import type { IncomingMessage } from "node:http";
import { type Agent, request } from "node:https";

/** The media server refused the file; 403, 404 and 410 mean that it has expired. */
export class DownloadRefused extends Error {
  override readonly name = "DownloadRefused";
  readonly status: number;

  constructor(status: number) {
    super(`The media server answered ${status}`);
    this.status = status;
  }

  get hasExpired(): boolean {
    return [403, 404, 410].includes(this.status);
  }
}

/** A message whose path leads away from the media server. */
export class ForeignAddress extends Error {
  override readonly name = "ForeignAddress";
}

/**
 * The address of a file. The host is that of the network's media server, never one that a message
 * names. Throws ForeignAddress when a crafted path would change it.
 */
export function addressOf(host: string, directPath: string): URL {
  const base = URL.parse(`https://${host}/`);
  const url = directPath.startsWith("/") ? URL.parse(`https://${host}${directPath}`) : null;
  if (base === null || url === null || url.host !== base.host || url.username !== "") {
    throw new ForeignAddress("The path of the file does not lead to the media server");
  }
  return url;
}

/** Opens the encrypted file. Redirects are not followed. Throws DownloadRefused. */
export async function fetchEncrypted(
  url: URL,
  { agent, idleMs, signal }: { agent: Agent; idleMs: number; signal: AbortSignal },
): Promise<IncomingMessage> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(
      url,
      { agent, signal, timeout: idleMs, headers: { origin: "https://web.whatsapp.com" } },
      resolve,
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error(`nothing came for ${idleMs} ms`)));
    outgoing.on("error", reject);
    outgoing.end();
  });
  const { statusCode = 0 } = response;
  if (statusCode === 200) return response;
  response.destroy();
  throw new DownloadRefused(statusCode);
}
