import { setTimeout as sleep } from "node:timers/promises";
import { backoffMs } from "../wait/backoff.ts";
import { unwrap, type DatabaseAnswer, DatabaseError } from "./database.ts";

/** Longer than a lease: a connector that cannot reach the database for so long has lost it. */
const forMs = 20_000;
const requestTimeoutMs = 5000;
const retryLimits = { baseMs: 50, capMs: 1000 };

/**
 * Retries a read through a short outage, because a message would be lost without its result. Throws
 * errors that a retry cannot fix, and the last error when the time is up.
 */
export async function withRetry<Data>(
  request: (signal: AbortSignal) => PromiseLike<DatabaseAnswer<Data>>,
): Promise<Data | null> {
  const deadline = performance.now() + forMs;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await unwrap(request(AbortSignal.timeout(requestTimeoutMs)));
    } catch (error) {
      const isPermanent = error instanceof DatabaseError && error.isFault;
      if (isPermanent || performance.now() > deadline) throw error;
      await sleep(backoffMs(attempt, retryLimits, Math.random));
    }
  }
}
