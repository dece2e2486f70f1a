import { setTimeout as sleep } from "node:timers/promises";
import type { RunningProcess } from "./child-process.ts";

const restartDelayMs = 500;

/** A child process that is restarted whenever it exits by itself, until it is stopped. */
export interface SupervisedProcess<Ready> {
  /** The ready line of the process that runs now. */
  ready(): Ready;
  /** Stops the process as an operator would (stop) or as a crash would (kill), then restarts it. */
  restart(how: "stop" | "kill"): Promise<void>;
  /** Freezes the running process. */
  pause(): void;
  /** Resumes the paused process. */
  resume(): void;
  stop(): Promise<void>;
}

/**
 * Starts a process and restarts it after every crash. `start` receives the previous ready line, so
 * that the new process listens at the same address. `onCrash` is called for every exit that was
 * not requested.
 */
export async function superviseProcess<Ready>(input: {
  start: (previous: Ready | undefined) => Promise<RunningProcess<Ready>>;
  onCrash: () => void;
}): Promise<SupervisedProcess<Ready>> {
  const stopped = new AbortController();
  let current = await input.start(undefined);
  let restarting: Promise<void> | undefined;

  async function startAgain(): Promise<void> {
    current = await input.start(current.ready);
    void watch(current); // Runs until the process exits.
  }

  async function watch(watched: RunningProcess<Ready>): Promise<void> {
    await watched.exited;
    if (stopped.signal.aborted || restarting !== undefined) return;
    input.onCrash();
    await retryUntilStarted();
  }

  async function retryUntilStarted(): Promise<void> {
    for (;;) {
      await sleep(restartDelayMs);
      // Stopped or restarted by a caller in the meantime.
      if (stopped.signal.aborted || restarting !== undefined) return;
      const result = await runExclusively(startAgain);
      if (result.status === "fulfilled") return;
    }
  }

  async function runExclusively(start: () => Promise<void>): Promise<PromiseSettledResult<void>> {
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
    const result = await runExclusively(async () => {
      await current[how]();
      await startAgain();
    });
    if (result.status === "fulfilled") return;
    void retryUntilStarted(); // Ends with a successful start, or with stop().
    throw result.reason;
  }

  void watch(current);

  return {
    ready: () => current.ready,
    restart,
    pause: () => current.pause(),
    resume: () => current.resume(),
    async stop() {
      stopped.abort();
      await Promise.allSettled([restarting]);
      await current.stop();
    },
  };
}
