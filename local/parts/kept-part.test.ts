import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { keepPart } from "./kept-part.ts";
import type { Part } from "./part.ts";

/** Parts that end when told to, or by themselves; the starts of these numbers fail. */
function parts(failing: number[] = []) {
  const running = new Set<PromiseWithResolvers<void>>();
  let starts = 0;
  async function start(): Promise<Part<number>> {
    starts += 1;
    if (failing.includes(starts)) throw new Error("no port");
    const exit = Promise.withResolvers<void>();
    running.add(exit);
    const end = async () => {
      running.delete(exit);
      exit.resolve();
    };
    return { ready: starts, exited: exit.promise, stop: end, kill: end, hold: () => undefined };
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

test("a part that ends by itself is started again, after starts that fail too", async () => {
  const { start, running, crash } = parts([2]);
  const kept = await keepPart({ start, onCrash: () => undefined });
  crash();
  await expect.poll(() => kept.ready(), { timeout: 5000 }).toBe(3);
  expect(running.size).toBe(1);
  await kept.stop();
  expect(running.size).toBe(0);
});

test("a part that is stopped just after a crash stays stopped", async () => {
  const { start, running, crash } = parts();
  const crashed = Promise.withResolvers<void>();
  const kept = await keepPart({ start, onCrash: crashed.resolve });
  crash();
  await crashed.promise;
  await kept.stop();
  await sleep(700); // Longer than a crashed part waits for its restart.
  expect(running.size).toBe(0);
});

test("a restart whose start fails says so, and is tried again", async () => {
  const { start, running } = parts([2]);
  const kept = await keepPart({ start, onCrash: () => undefined });
  await expect(kept.restart("kill")).rejects.toThrow("no port");
  await expect.poll(() => kept.ready(), { timeout: 5000 }).toBe(3);
  await Promise.all([kept.restart("stop"), kept.restart("stop")]);
  expect(running.size).toBe(1);
  await kept.stop();
});
