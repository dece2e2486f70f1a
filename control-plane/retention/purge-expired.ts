import { unwrap } from "../database/unwrap.ts";
import type { DatabaseClient } from "../database/connect.ts";
import { describeError, logEvent } from "../http/log.ts";

/** Less than the interval of the cron, so that two runs do not overlap. */
const budgetMs = 30_000;
const maxSteps = 500;

/** Removes what is older than its retention, step by step, until nothing is left or time is up. */
export async function purgeExpired(
  database: DatabaseClient,
  clock: { now: () => number },
): Promise<void> {
  const deadline = clock.now() + budgetMs;
  try {
    for (let step = 0; step < maxSteps && clock.now() < deadline; step += 1) {
      if (await unwrap(database.rpc("purge_expired", {}))) return;
    }
  } catch (error) {
    logEvent("warn", "purge_failed", describeError(error));
  }
}
