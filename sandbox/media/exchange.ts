import type { IncomingMessage, ServerResponse } from "node:http";
import { finished } from "node:stream/promises";
import type { Logger } from "pino";
import type { Faults } from "../fault/faults.ts";
import type { MediaServer } from "./media-server.ts";

export interface MediaRequestDeps {
  media: MediaServer;
  faults: Faults;
  log: Logger;
}

export interface Exchange {
  url: URL;
  request: IncomingMessage;
  response: ServerResponse;
}

/** Answers with JSON. The rest of the request's body is not read. */
export async function answer(
  { request, response }: Exchange,
  status: number,
  body: unknown,
): Promise<void> {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    // The connection still carries the body that nobody reads.
    ...(request.complete ? {} : { connection: "close" }),
  });
  response.end(text);
  await finished(response);
}
