import { expect, test } from "vitest";
import { isFailing, pauseAfter, placesAfter } from "./health.ts";

test("each failure in a row takes a place, but one is left", () => {
  expect([0, 1, 2, 3, 4, 5, 100].map(placesAfter)).toEqual([5, 4, 3, 2, 1, 1, 1]);
});

test("from the fifth failure on an endpoint pauses, twice as long each time, up to 5 minutes", () => {
  const pauses = [1, 4, 5, 6, 7, 12, 13, 1_000].map((failures) => pauseAfter(failures, () => 0.5));
  expect(pauses).toEqual([0, 0, 2_000, 4_000, 8_000, 256_000, 300_000, 300_000]);
  expect([isFailing(4), isFailing(5)]).toEqual([false, true]);
});

test("a pause varies by 15 % either way", () => {
  expect([pauseAfter(5, () => 0), pauseAfter(5, () => 1)]).toEqual([1_700, 2_300]);
});
