import { expect, test } from "vitest";
import { RateWindow } from "./rate-window.ts";

const startedAt = 1_000_000;

test("a window allows as many requests as the limit says, and not one more", () => {
  const window = new RateWindow();
  const taken = [1, 2, 3, 4].map(() => window.take(3, startedAt));
  expect(taken.map(({ isAllowed, remaining }) => [isAllowed, remaining])).toEqual([
    [true, 2],
    [true, 1],
    [true, 0],
    [false, 0],
  ]);
});

test("a window ends 60 seconds after its first request, and refusals do not prolong it", () => {
  const window = new RateWindow();
  window.take(1, startedAt);
  expect(window.take(1, startedAt + 59_001)).toMatchObject({ isAllowed: false, resetSeconds: 1 });
  expect(window.take(1, startedAt + 59_999)).toMatchObject({ isAllowed: false, resetSeconds: 1 });
  expect(window.take(1, startedAt + 60_000)).toEqual({
    isAllowed: true,
    limit: 1,
    remaining: 0,
    resetSeconds: 60,
  });
});

test("another limit applies at once, to what the window has used", () => {
  const window = new RateWindow();
  for (let used = 0; used < 5; used += 1) window.take(10, startedAt);
  expect(window.take(3, startedAt)).toMatchObject({ isAllowed: false, limit: 3, remaining: 0 });
  expect(window.take(6, startedAt)).toMatchObject({ isAllowed: true, limit: 6, remaining: 0 });
});

test("a window continues from its stored state", () => {
  const first = new RateWindow();
  first.take(2, startedAt);
  const second = new RateWindow(structuredClone(first.state));
  expect(second.take(2, startedAt + 1)).toMatchObject({ isAllowed: true, remaining: 0 });
  expect(second.take(2, startedAt + 2)).toMatchObject({ isAllowed: false });
});

test("a clock that was set back starts a new window", () => {
  const window = new RateWindow();
  window.take(1, startedAt);
  expect(window.take(1, startedAt - 3_600_000)).toMatchObject({ isAllowed: true });
});
