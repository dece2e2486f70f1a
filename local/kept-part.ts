import { setTimeout as sleep } from "node:timers/promises";
import type { Part } from "./part.ts";

const restartDelayMs = 500;

/** A part that is started again whenever it ends by itself, until it is stopped. */
export interface KeptPart<Ready> {
  /** What the running process said when it was ready. */
  ready(): Ready;
  /** Ends it as an operator (stop) or a crash (kill) would, and starts it again. */
  restart(how: "stop" | "kill"): Promise<void>;
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
  let part = await input.start(undefined);
  let stopping = false;
  let restarting: Promise<void> | undefined;

  const startAgain = async () => {
    part = await input.start(part.ready);
    watch(part);
  };
  const watch = (watched: Part<Ready>) => {
    void watched.exited.then(async () => {
      if (stopping || restarting !== undefined) return;
      input.onCrash();
      while (!stopping) {
        await sleep(restartDelayMs);
        restarting = startAgain();
        const started = await restarting.then(
          () => true,
          () => false,
        );
        restarting = undefined;
        if (started) return;
      }
    });
  };
  watch(part);

  return {
    ready: () => part.ready,
    async restart(how) {
      restarting = part[how]().then(startAgain);
      await restarting;
      restarting = undefined;
    },
    async stop() {
      stopping = true;
      await restarting?.catch(() => {});
      await part.stop();
    },
  };
}
