import { setTimeout as wait } from "node:timers/promises";

/** Resolves after this time; rejects when the signal is aborted before. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal });
}
