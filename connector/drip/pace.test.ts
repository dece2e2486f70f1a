import { expect, test } from "vitest";
import { intervalMs, untilNextPoll } from "./pace.ts";

test("messages keep at least the interval between them, and at most a tenth more", () => {
  expect(intervalMs(20_000, () => 0)).toBe(20_000);
  expect(intervalMs(20_000, () => 1)).toBe(22_000);
  expect(intervalMs(0, () => 1)).toBe(0);
});

test("the next poll is when the first session is due, and never later than the poll interval", () => {
  expect(untilNextPoll([], 10_000)).toBe(10_000);
  expect(untilNextPoll([15_000, 700], 10_000)).toBe(700);
  expect(untilNextPoll([15_000], 10_000)).toBe(10_000);
});
