import type { Metrics } from "../http/metrics.ts";
import type { Log } from "../log/log.ts";
import { withTimeout } from "../wait/with-timeout.ts";

/** The process ends after this long even if the database does not answer; the leases then expire. */
const releaseMs = 3000;

/** What becomes of errors that nothing handled. */
export interface Crash {
  /** A promise rejected and nobody waited for it: one operation failed, and the rest goes on. */
  onRejection: (error: unknown) => void;
  /** Code was left half-way, so nothing that the process holds can be trusted: it must end. */
  onException: (error: unknown) => void;
  /** Resolves when the process must end. Its leases are released then, if that was possible. */
  ended: Promise<void>;
}

/** `release` closes everything at once and releases the leases. */
export function handleCrashes({
  log,
  metrics,
  release,
}: {
  log: Log;
  metrics: Metrics;
  release: () => Promise<unknown>;
}): Crash {
  const ended = Promise.withResolvers<void>();
  let isEnding = false;
  const end = async () => {
    const released = release().catch((error: unknown) =>
      log.warn({ event: "release_failed", err: error }, "could not release the leases"),
    );
    await withTimeout(released, releaseMs);
    ended.resolve();
  };
  return {
    ended: ended.promise,
    onRejection(error) {
      metrics.uncaughtErrors.inc({ kind: "rejection" });
      log.error({ event: "unhandled_rejection", err: error }, "nobody handled a rejection");
    },
    onException(error) {
      metrics.uncaughtErrors.inc({ kind: "exception" });
      log.fatal({ event: "crashed", err: error }, "an exception ends the process");
      if (isEnding) return;
      isEnding = true;
      void end(); // never rejects
    },
  };
}
