import { once } from "node:events";
import { createServer } from "node:http";
import type { Event } from "../../shared/event.ts";
import { until } from "./api.ts";

export interface Delivery {
  headers: Record<string, string>;
  /** The bytes as they came, which the signatures are over. */
  raw: string;
  event: Event;
}

/** A customer's webhook endpoint. `answer` decides the status of each delivery; 200 by default. */
export async function receiveWebhooks(answer: (delivery: Delivery) => number = () => 200) {
  const deliveries: Delivery[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const raw = Buffer.concat(chunks).toString();
      const headers = request.headers as Record<string, string>;
      const delivery = { headers, raw, event: JSON.parse(raw) as Event };
      deliveries.push(delivery);
      response.writeHead(answer(delivery)).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port");
  return {
    url: `http://127.0.0.1:${address.port}/hook`,
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
