import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Event } from "../../shared/event.ts";
import { until } from "./api.ts";

export interface Delivery {
  headers: Record<string, string>;
  /** The bytes as they came, which the signatures are over. */
  raw: string;
  event: Event;
}

/** Returns the status to respond with, or undefined when it responds by itself, or never. */
export type Answer = (
  delivery: Delivery,
  response: ServerResponse,
) => number | undefined | Promise<number | undefined>;

/** A customer's webhook endpoint. It responds with 200 unless `answer` says otherwise. */
export async function receiveWebhooks(answer: Answer = () => 200) {
  const deliveries: Delivery[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const raw = Buffer.concat(chunks).toString();
      const headers = request.headers as Record<string, string>;
      const delivery = { headers, raw, event: JSON.parse(raw) as Event };
      deliveries.push(delivery);
      // A rejected answer leaves the request without a response, which the test then sees.
      void Promise.resolve(answer(delivery, response)).then((status) => {
        if (status !== undefined) response.writeHead(status).end();
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    deliveries,
    async next(satisfies: (delivery: Delivery) => boolean, timeoutMs = 15_000): Promise<Delivery> {
      const all = await until(
        () => Promise.resolve(deliveries),
        (list) => list.some(satisfies),
        timeoutMs,
      );
      return all.find(satisfies) as Delivery;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
