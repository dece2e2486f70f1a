import { setTimeout as sleep } from "node:timers/promises";
import { backoffMs } from "../wait/backoff.ts";
import { DatabaseError } from "./database.ts";

/** Longer than a lease: a connector that cannot reach the database for so long has lost it. */
const giveUpAfterMs = 20_000;
const attemptTimeoutMs = 5000;
const retryLimits = { baseMs: 50, capMs: 1000 };

/**
 * Retries a read through a short outage, because a message would be lost without its result. Throws
 * errors that a retry cannot fix, the end of the lease among them, and the last error when the time
 * is up.
 */
export async function withRetry<Result>(
  read: (options: { timeoutMs: number }) => Promise<Result>,
): Promise<Result> {
  const deadline = performance.now() + giveUpAfterMs;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await read({ timeoutMs: attemptTimeoutMs });
    } catch (error) {
      const isPermanent = !(error instanceof DatabaseError) || error.isPermanent;
      if (isPermanent || performance.now() > deadline) throw error;
      await sleep(backoffMs(attempt, retryLimits, Math.random));
    }
  }
}
