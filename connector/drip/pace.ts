import { type BackoffLimits, backoffMs } from "../wait/backoff.ts";
import type { Failure, OutcomeItem } from "../write/write.ts";

const maxRetries = 3;
const jitterShare = 0.1;

/** From one message of a session to its next: never less than asked for, and not like clockwork. */
export function intervalMs(sendIntervalMs: number, random: () => number): number {
  return Math.round(sendIntervalMs * (1 + random() * jitterShare));
}

/** What becomes of a queued message that could not be sent `attempts` times before. */
export function afterFailure(
  { id, attempts, error }: { id: string; attempts: number; error: Failure },
  { retry, random }: { retry: BackoffLimits; random: () => number },
): OutcomeItem {
  if (attempts >= maxRetries) return { kind: "outcome", id, status: "FAILED", error };
  const retryInMs = backoffMs(attempts, retry, random);
  return { kind: "outcome", id, status: "QUEUED", error, attempts, retry_in_ms: retryInMs };
}

/** How long nobody needs to look at the queue, if nothing is added to it. */
export function untilNextLook(dueInMs: readonly number[], pollMs: number): number {
  return Math.min(pollMs, ...dueInMs);
}
