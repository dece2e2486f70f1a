import { setTimeout as sleep } from "node:timers/promises";
import { backoffMs } from "../wait/backoff.ts";
import { unwrap, type DatabaseAnswer, DatabaseError } from "./database.ts";

/** A connector that cannot reach the database for so long has lost its lease. */
const forMs = 20_000;
const requestTimeoutMs = 5000;
const retryLimits = { baseMs: 50, capMs: 1000 };

/**
 * For reads that a message hangs on: what a moment's outage left unanswered is asked again, because
 * the message would be given up. Throws what asking again cannot mend, or when the time is over.
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
