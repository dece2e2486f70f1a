import { setTimeout as sleep } from "node:timers/promises";
import type { Part } from "./part.ts";

const restartDelayMs = 500;

/** A part that is started again whenever it ends by itself, until it is stopped. */
export interface KeptPart<Ready> {
  /** What the running process said when it was ready. */
  ready(): Ready;
  /** Ends it as an operator (stop) or a crash (kill) would, and starts it again. */
  restart(how: "stop" | "kill"): Promise<void>;
  /** Holds the running process still, or lets it go on. */
  hold(still: boolean): void;
  stop(): Promise<void>;
}

/**
 * `start` gets what the process before was ready with, to listen at the same address again.
 * `onCrash` hears of every end that nobody asked for.
 */
export async function keepPart<Ready>(input: {
  start: (before: Ready | undefined) => Promise<Part<Ready>>;
  onCrash: () => void;
}): Promise<KeptPart<Ready>> {
  const stopped = new AbortController();
  let part = await input.start(undefined);
  let restarting: Promise<void> | undefined;

  async function startAgain(): Promise<void> {
    part = await input.start(part.ready);
    void watch(part); // Runs for as long as the part does.
  }

  async function watch(watched: Part<Ready>): Promise<void> {
    await watched.exited;
    if (stopped.signal.aborted || restarting !== undefined) return;
    input.onCrash();
    await keepTrying();
  }

  async function keepTrying(): Promise<void> {
    for (;;) {
      await sleep(restartDelayMs);
      // Stopped, or restarted by hand, in the meantime.
      if (stopped.signal.aborted || restarting !== undefined) return;
      const result = await once(startAgain);
      if (result.status === "fulfilled") return;
    }
  }

  async function once(start: () => Promise<void>): Promise<PromiseSettledResult<void>> {
    restarting = start();
    const [result] = await Promise.allSettled([restarting]);
    restarting = undefined;
    return result;
  }

  async function restart(how: "stop" | "kill"): Promise<void> {
    if (restarting !== undefined) {
      await Promise.allSettled([restarting]);
      return restart(how);
    }
    const result = await once(async () => {
      await part[how]();
      await startAgain();
    });
    if (result.status === "fulfilled") return;
    void keepTrying(); // Ends with a start that works, or with stop().
    throw result.reason;
  }

  void watch(part);

  return {
    ready: () => part.ready,
    restart,
    hold: (still) => part.hold(still),
    async stop() {
      stopped.abort();
      await Promise.allSettled([restarting]);
      await part.stop();
    },
  };
}
