import { expect, test } from "vitest";
import { cacheHealth } from "./cache-health.ts";

function createCache() {
  const clock = { now: 0 };
  const checks: PromiseWithResolvers<string>[] = [];
  const read = cacheHealth(
    () => {
      const check = Promise.withResolvers<string>();
      checks.push(check);
      return check.promise;
    },
    () => clock.now,
  );
  return { clock, checks, read };
}

test("a result is returned for a second", async () => {
  const { clock, checks, read } = createCache();
  const first = read();
  checks[0]?.resolve("ok");
  await first;
  clock.now = 999;
  await expect(read()).resolves.toBe("ok");
  expect(checks).toHaveLength(1);
});

test("one request checks again, and the others get the last result for up to five seconds", async () => {
  const { clock, checks, read } = createCache();
  const first = read();
  checks[0]?.resolve("ok");
  await first;
  clock.now = 1_500;
  const checking = read();
  await expect(Promise.all([read(), read()])).resolves.toEqual(["ok", "ok"]);
  expect(checks).toHaveLength(2);
  checks[1]?.resolve("degraded");
  await expect(checking).resolves.toBe("degraded");
  await expect(read()).resolves.toBe("degraded");
});

test("a check that never ends does not keep an old result", async () => {
  const { clock, checks, read } = createCache();
  const first = read();
  checks[0]?.resolve("ok");
  await first;
  clock.now = 2_000;
  void read();
  clock.now = 5_000;
  const next = read();
  checks.at(-1)?.resolve("degraded");
  await expect(next).resolves.toBe("degraded");
});
