import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { serveCommands } from "../support/fork-child.ts";
import { type Command, commandSchema, type Result } from "./command.ts";

/** Entry of the process that receives webhooks and notes when each one arrived. */
const pollMs = 5;

const bodySchema = z.object({
  type: z.string(),
  session_id: z.string().nullish(),
  data: z.object({ message: z.string().nullish(), session_id: z.string().nullish() }),
});

/** By endpoint and event type: when each message text, or session id, arrived first. */
const arrivals = new Map<string, Map<string, number>>();
const lastBodies = new Map<string, string>();
let lastArrivalAt = 0;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    lastArrivalAt = performance.timeOrigin + performance.now();
    note(request.url?.slice(1) ?? "", Buffer.concat(chunks).toString());
    response.writeHead(200).end();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

serveCommands(commandSchema, run);

function note(endpoint: string, body: string): void {
  lastBodies.set(endpoint, body);
  const event = bodySchema.parse(JSON.parse(body));
  const key = event.data.message ?? event.session_id ?? event.data.session_id ?? "";
  const kind = `${endpoint} ${event.type}`;
  const keys = arrivals.get(kind) ?? new Map<string, number>();
  arrivals.set(kind, keys);
  if (!keys.has(key)) keys.set(key, lastArrivalAt);
}

async function run(command: Command): Promise<Result> {
  const result: Result = { url, arrivals: [], body: "" };
  switch (command.type) {
    case "url":
      break;
    case "wait":
      result.arrivals = await wait(command);
      break;
    case "quiet":
      await untilQuiet(command.forMs);
      break;
    case "sample":
      result.body = lastBodies.get(command.endpoint) ?? "";
      break;
  }
  return result;
}

async function untilQuiet(forMs: number): Promise<void> {
  while (performance.timeOrigin + performance.now() - lastArrivalAt < forMs) await sleep(pollMs);
}

async function wait(command: Command & { type: "wait" }): Promise<[string, number][]> {
  const deadline = performance.now() + command.timeoutMs;
  const kind = `${command.endpoint} ${command.event}`;
  for (;;) {
    const keys = arrivals.get(kind) ?? new Map<string, number>();
    const expired = performance.now() > deadline;
    // With fewer keys in all there is nothing to filter, which is slow for a long backlog.
    if (keys.size >= command.count || expired) {
      const found = [...keys].filter(([key]) => key.startsWith(command.prefix));
      if (found.length >= command.count || expired) return found;
    }
    await sleep(pollMs);
  }
}
