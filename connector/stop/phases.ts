import type { Log } from "../log/log.ts";
import { withTimeout } from "../wait/with-timeout.ts";

export interface Phase {
  name: string;
  timeoutMs: number;
  run: () => unknown;
}

/** Runs the phases in order; one that fails or times out does not hold up the next. */
export async function runPhases(phases: Phase[], log: Log): Promise<void> {
  for (const { name, timeoutMs, run } of phases) {
    const startedAt = performance.now();
    const done = Promise.resolve()
      .then(run)
      .then(
        () => "done",
        (error: unknown) => {
          log.warn(
            { event: "stop_phase_failed", phase: name, err: error },
            "a shutdown phase failed",
          );
          return "failed";
        },
      );
    const result = (await withTimeout(done, timeoutMs)) ?? "timed out";
    const ms = Math.round(performance.now() - startedAt);
    log.info({ event: "stop_phase", phase: name, result, ms }, "shutdown phase ended");
  }
}
