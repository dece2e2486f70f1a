import { expect, test } from "vitest";
import { CallRate } from "./call-rate.ts";

test("calls after a quiet time are made at once, further ones at the interval", () => {
  const rate = new CallRate({ burst: 2, intervalMs: 100 });
  expect(rate.delayMs(5_000)).toBe(0);
  rate.count(5_000);
  expect(rate.delayMs(5_000)).toBe(0);
  rate.count(5_000);
  expect(rate.delayMs(5_000)).toBe(100);
  expect(rate.delayMs(5_070)).toBe(30);
  expect(rate.delayMs(5_100)).toBe(0);
});

test("a clock that goes back earns nothing", () => {
  const rate = new CallRate({ burst: 1, intervalMs: 100 });
  rate.count(5_000);
  expect(rate.delayMs(4_000)).toBe(100);
});

test("a call that can wait leaves some to others", () => {
  const rate = new CallRate({ burst: 2, intervalMs: 100 });
  expect(rate.delayMs(5_000, { reserve: 1 })).toBe(0);
  rate.count(5_000);
  expect(rate.delayMs(5_000, { reserve: 1 })).toBe(100);
  expect(rate.delayMs(5_000)).toBe(0);
});
