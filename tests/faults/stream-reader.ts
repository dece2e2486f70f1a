import { setTimeout as sleep } from "node:timers/promises";
import type { Tenant } from "../support/api.ts";
import { openStream, type Stream } from "../support/sse.ts";
import type { Random } from "./random.ts";

const retryDelayMs = 200;

/** Follows a tenant's events as a client should: after every cut it resumes after the last event it has. */
export interface Reader {
  /** The seq of every event in the order of arrival, duplicates included. */
  seqs(): number[];
  stop(): void;
}

/** It also cuts its own stream at random. */
export function followEvents(tenant: Tenant, random: Random): Reader {
  const streams: Stream[] = [];
  const seqs = () => streams.flatMap(({ events }) => events.map(({ seq }) => seq));
  const stopped = new AbortController();

  async function read(): Promise<void> {
    while (!stopped.signal.aborted) {
      const stream = await openStream(tenant, "/tenant/events/stream", seqs().at(-1) ?? 0).catch(
        () => undefined,
      );
      if (stream === undefined) {
        await sleep(retryDelayMs);
        continue;
      }
      streams.push(stream);
      const cut = AbortSignal.any([
        stopped.signal,
        AbortSignal.timeout(random.between(1000, 8000)),
      ]);
      cut.addEventListener("abort", () => stream.close());
      await stream.ended;
    }
  }
  void read(); // Ends with stop(); failures inside are retried.

  return { seqs, stop: () => stopped.abort() };
}
