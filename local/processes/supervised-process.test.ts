import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { RunningProcess } from "./child-process.ts";
import { superviseProcess } from "./supervised-process.ts";

/** Fake processes that run until they are stopped or crash; the starts numbered here fail. */
function fakeProcesses(failingStarts: number[] = []) {
  const running = new Set<PromiseWithResolvers<void>>();
  let starts = 0;
  async function start(): Promise<RunningProcess<number>> {
    starts += 1;
    if (failingStarts.includes(starts)) throw new Error("no port");
    const exit = Promise.withResolvers<void>();
    running.add(exit);
    const end = async () => {
      running.delete(exit);
      exit.resolve();
    };
    return {
      ready: starts,
      exited: exit.promise,
      stop: end,
      kill: end,
      pause: () => undefined,
      resume: () => undefined,
    };
  }
  return {
    start,
    running,
    crash() {
      for (const exit of running) exit.resolve();
      running.clear();
    },
  };
}

test("a process that crashes is restarted, even after restarts that fail", async () => {
  const { start, running, crash } = fakeProcesses([2]);
  const supervised = await superviseProcess({ start, onCrash: () => undefined });
  crash();
  await expect.poll(() => supervised.ready(), { timeout: 5000 }).toBe(3);
  expect(running.size).toBe(1);
  await supervised.stop();
  expect(running.size).toBe(0);
});

test("a process that is stopped just after a crash stays stopped", async () => {
  const { start, running, crash } = fakeProcesses();
  const crashed = Promise.withResolvers<void>();
  const supervised = await superviseProcess({ start, onCrash: crashed.resolve });
  crash();
  await crashed.promise;
  await supervised.stop();
  await sleep(700); // Longer than the delay before a restart.
  expect(running.size).toBe(0);
});

test("a requested restart that fails rejects, and is retried", async () => {
  const { start, running } = fakeProcesses([2]);
  const supervised = await superviseProcess({ start, onCrash: () => undefined });
  await expect(supervised.restart("kill")).rejects.toThrow("no port");
  await expect.poll(() => supervised.ready(), { timeout: 5000 }).toBe(3);
  await Promise.all([supervised.restart("stop"), supervised.restart("stop")]);
  expect(running.size).toBe(1);
  await supervised.stop();
});
