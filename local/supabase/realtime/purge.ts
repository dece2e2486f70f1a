import type { Pool } from "pg";
import type { Logger } from "pino";

const intervalMs = 60 * 60 * 1000;

/** Deletes broadcast messages older than three days every hour, as the hosted service does. */
export function startPurge(owner: Pool, log: Logger): { stop(): void } {
  const purge = () => {
    owner
      .query("delete from realtime.messages where inserted_at < now() - interval '3 days'")
      .catch((error: unknown) =>
        log.warn({ err: error }, "purge of old broadcast messages failed"),
      );
  };
  purge();
  const timer = setInterval(purge, intervalMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
