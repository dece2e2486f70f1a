import type { IncomingMessage, ServerResponse } from "node:http";
import { download } from "./download.ts";
import type { MediaRequestDeps } from "./exchange.ts";
import { upload } from "./upload.ts";

/** Answers a request of the media server; false if the path is not one of its own. */
export function handleMediaRequest(
  deps: MediaRequestDeps,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const url = URL.parse(request.url ?? "/", "https://media");
  const handle = url && handlerOf(url.pathname);
  if (!handle) return false;
  handle(deps, { url, request, response }).catch((error: unknown) => {
    // The client went away, or the disk failed.
    deps.log.warn({ err: error, path: url.pathname }, "media request failed");
    response.destroy();
  });
  return true;
}

function handlerOf(path: string): typeof upload | undefined {
  if (path.startsWith("/mms/")) return upload;
  return path.startsWith("/v/") ? download : undefined;
}
