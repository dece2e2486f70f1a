import { setTimeout as sleep } from "node:timers/promises";
import type { Tenant } from "../support/api.ts";
import { openStream, type Stream } from "../support/sse.ts";
import type { Random } from "./random.ts";

const againAfterMs = 200;

/** Follows a tenant's events as a client should: cut or not, it resumes after the last one it has. */
export interface Reader {
  /** The number of every event in the order it came, doubles too. */
  seqs(): number[];
  stop(): void;
}

/** Also cuts its own stream now and then. */
export function keepReading(tenant: Tenant, random: Random): Reader {
  const streams: Stream[] = [];
  const seqs = () => streams.flatMap(({ events }) => events.map(({ seq }) => seq));
  const stopped = new AbortController();

  async function read(): Promise<void> {
    while (!stopped.signal.aborted) {
      const stream = await openStream(tenant, "/tenant/events/stream", seqs().at(-1) ?? 0).catch(
        () => undefined,
      );
      if (stream === undefined) {
        await sleep(againAfterMs);
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
  void read(); // Ends with stop(); what fails inside is tried again.

  return { seqs, stop: () => stopped.abort() };
}
