import { expect, test } from "vitest";
import { findMisordered, findOvertaken } from "./order.ts";

const same = (place: number) => place;

test("items in order are in order, with gaps too", () => {
  expect(findMisordered([1, 2, 5, 9], same)).toEqual([]);
});

test("each item that comes after one it should precede is misordered", () => {
  expect(findMisordered([1, 4, 2, 3, 5], same)).toEqual([2, 3]);
});

test("an item that began after a later one was over is overtaken; overlapping ones are not", () => {
  const first = { startedAt: 0, endedAt: 10 };
  const overlapping = { startedAt: 5, endedAt: 15 };
  const after = { startedAt: 20, endedAt: 30 };
  const times = (item: { startedAt: number; endedAt: number | undefined }) => item;
  expect(findOvertaken([overlapping, first, after], times)).toEqual([]);
  expect(findOvertaken([after, first], times)).toEqual([after]);
  expect(findOvertaken([{ startedAt: 20, endedAt: undefined }, after], times)).toEqual([]);
});
