import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { Random } from "./random.ts";

/** How a customer's endpoint answers a delivery. */
export type ReceiverBehaviour =
  | { kind: "accept" }
  /** Sometimes 500 and sometimes no answer, on the first attempt only. */
  | { kind: "flaky" }
  | { kind: "status"; status: number }
  | { kind: "slow"; delayMs: number }
  /** Takes the request and never answers. */
  | { kind: "hang" }
  /** Answers 200 with a body that never ends. */
  | { kind: "endless" };

export interface Arrival {
  /** The path that it came to: one server can stand for many endpoints. */
  path: string;
  eventId: string;
  attempt: number;
  accepted: boolean;
  /** When it was complete, in milliseconds since the epoch. */
  at: number;
}

/** A customer's webhook endpoint. */
export interface Receiver {
  url: string;
  /** Every delivery in order of arrival, duplicates included. */
  arrivals: Arrival[];
  behave(behaviour: ReceiverBehaviour): void;
  stop(): Promise<void>;
}

const dripEveryMs = 500;

export async function startReceiver(
  random: Random,
  initial: ReceiverBehaviour = { kind: "flaky" },
): Promise<Receiver> {
  const arrivals: Arrival[] = [];
  const timers = new Set<NodeJS.Timeout>();
  let behaviour = initial;

  /** The status to answer with now; undefined when the answer comes later or never. */
  function answer(arrival: Arrival, response: ServerResponse): number | undefined {
    const isFirst = arrival.attempt === 1;
    switch (behaviour.kind) {
      case "accept":
        return 200;
      case "flaky":
        if (isFirst && random.chance(0.01)) return undefined;
        return isFirst && random.chance(0.1) ? 500 : 200;
      case "status":
        return behaviour.status;
      case "slow": {
        const timer = setTimeout(() => {
          timers.delete(timer);
          arrival.accepted = true;
          response.writeHead(200).end();
        }, behaviour.delayMs);
        timers.add(timer);
        return undefined;
      }
      case "hang":
        return undefined;
      case "endless": {
        arrival.accepted = true;
        response.writeHead(200);
        const timer = setInterval(() => response.write("."), dripEveryMs);
        timers.add(timer);
        response.on("close", () => {
          clearInterval(timer);
          timers.delete(timer);
        });
        return undefined;
      }
    }
  }

  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      const arrival: Arrival = {
        path: request.url ?? "",
        eventId: String(request.headers["webhook-id"]),
        attempt: Number(request.headers["x-webhook-attempt"]),
        accepted: false,
        at: Date.now(),
      };
      arrivals.push(arrival);
      const status = answer(arrival, response);
      if (status === undefined) return;
      arrival.accepted = status === 200;
      response.writeHead(status).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port");
  return {
    url: `http://127.0.0.1:${address.port}/hook`,
    arrivals,
    behave(next) {
      behaviour = next;
    },
    async stop() {
      for (const timer of timers) clearTimeout(timer);
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
