import { expect, test } from "vitest";
import { backoffMs } from "./backoff.ts";

const limits = { baseMs: 1000, capMs: 60_000 };

test("delays double up to the cap", () => {
  const delays = [0, 1, 2, 5, 6, 100].map((attempt) => backoffMs(attempt, limits, () => 1));
  expect(delays).toEqual([1000, 2000, 4000, 32_000, 60_000, 60_000]);
});

test("jitter takes away up to half", () => {
  expect(backoffMs(0, limits, () => 0)).toBe(500);
  expect(backoffMs(0, limits, () => 0.5)).toBe(750);
});
