import { expect, test } from "vitest";
import { FailureLimit } from "./failure-limit.ts";

function createLimit() {
  const clock = { now: 1_000 };
  const limit = new FailureLimit(() => clock.now);
  const fail = (address: string, count: number) => {
    for (let failed = 0; failed < count; failed += 1) limit.recordFailure(address);
  };
  return { clock, limit, fail };
}

test("an address may fail 30 times at once, then once every two seconds", () => {
  const { clock, limit, fail } = createLimit();
  fail("a", 29);
  expect(limit.retryAfterSeconds("a")).toBeUndefined();
  fail("a", 1);
  expect(limit.retryAfterSeconds("a")).toBe(2);
  clock.now += 1_000;
  expect(limit.retryAfterSeconds("a")).toBe(1);
  clock.now += 1_000;
  expect(limit.retryAfterSeconds("a")).toBeUndefined();
  fail("a", 1);
  expect(limit.retryAfterSeconds("a")).toBe(2);
  clock.now += 3_600_000;
  fail("a", 29);
  expect(limit.retryAfterSeconds("a")).toBeUndefined();
});

test("failures that were under way together are paid off, but not for ever", () => {
  const { limit, fail } = createLimit();
  fail("a", 40);
  expect(limit.retryAfterSeconds("a")).toBe(22);
  fail("a", 1_000);
  expect(limit.retryAfterSeconds("a")).toBe(242);
});

test("addresses do not limit each other", () => {
  const { limit, fail } = createLimit();
  fail("a", 30);
  expect(limit.retryAfterSeconds("b")).toBeUndefined();
});
