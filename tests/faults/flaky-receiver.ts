import { once } from "node:events";
import { createServer } from "node:http";
import type { Random } from "./random.ts";

/** A customer's endpoint that often fails and sometimes does not answer. */
export interface Receiver {
  url: string;
  /** Ids of the events that it accepted, duplicates included. */
  accepted: string[];
  stop(): Promise<void>;
}

export async function startFlakyReceiver(random: Random): Promise<Receiver> {
  const accepted: string[] = [];
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      const isFirst = request.headers["x-webhook-attempt"] === "1";
      if (isFirst && random.chance(0.01)) return; // No answer: the dispatcher's timeout ends it.
      if (isFirst && random.chance(0.1)) {
        response.writeHead(500).end();
        return;
      }
      accepted.push(String(request.headers["webhook-id"]));
      response.writeHead(200).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port");
  return {
    url: `http://127.0.0.1:${address.port}/hook`,
    accepted,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
