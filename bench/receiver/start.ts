import { forkChild } from "../support/fork-child.ts";
import { type Command, type Result, resultSchema, type Wait } from "./command.ts";

const waitTimeoutMs = 60_000;

/** Receives webhooks in a process of its own, whose CPU no figure includes. */
export interface Receiver {
  /** The URL of an endpoint. */
  urlOf(endpoint: string): string;
  /** Waits for so many distinct keys; returns what arrived by then, which may be fewer. */
  waitUpTo(timeoutMs: number, wait: Wait): Promise<Map<string, number>>;
  /** The same, for at most a minute, and throws if fewer arrived. */
  waitForAll(wait: Wait): Promise<Map<string, number>>;
  /** Waits until no webhook has arrived for so long. */
  quiet(forMs: number): Promise<void>;
  lastBody(endpoint: string): Promise<string>;
  stop(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const child = forkChild<Command, Result>({
    entry: new URL("main.ts", import.meta.url),
    result: resultSchema,
  });
  const { url } = await child.sendCommand({ type: "url" });
  async function waitUpTo(timeoutMs: number, wait: Wait): Promise<Map<string, number>> {
    const { arrivals } = await child.sendCommand({ type: "wait", timeoutMs, ...wait });
    return new Map(arrivals);
  }
  return {
    urlOf: (endpoint) => `${url}/${endpoint}`,
    waitUpTo,
    async waitForAll(wait) {
      const arrivals = await waitUpTo(waitTimeoutMs, wait);
      if (arrivals.size < wait.count) {
        throw new Error(
          `Only ${arrivals.size} of ${wait.count} webhooks ${wait.event} arrived at ${wait.endpoint}`,
        );
      }
      return arrivals;
    },
    async quiet(forMs) {
      await child.sendCommand({ type: "quiet", forMs });
    },
    lastBody: async (endpoint) => (await child.sendCommand({ type: "sample", endpoint })).body,
    stop: () => child.stop(),
  };
}
