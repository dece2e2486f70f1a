import { expect, test } from "vitest";
import { advanceMs, jitteredMs, untilNextPoll } from "./pace.ts";

const intervalMs = 20_000;

/** Numbers from 0 to 1, the same in each run. */
function pseudoRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

/** When a session sends that reads its queue `delayMs()` after it was due. */
function sendingTimes(count: number, delayMs: (index: number) => number): number[] {
  const random = pseudoRandom(7);
  let clock = 0;
  let dueAt = 0;
  return Array.from({ length: count }, (_, index) => {
    clock = Math.max(clock, dueAt) + delayMs(index);
    const pauseMs = jitteredMs(intervalMs, random);
    dueAt += advanceMs({ lateMs: clock - dueAt, pauseMs });
    return clock;
  });
}

function distances(times: readonly number[]): number[] {
  return times.slice(1).map((time, index) => time - (times[index] ?? 0));
}

test("the jitter is symmetrical around the interval", () => {
  expect(jitteredMs(intervalMs, () => 0)).toBe(18_000);
  expect(jitteredMs(intervalMs, () => 0.5)).toBe(20_000);
  expect(jitteredMs(intervalMs, () => 1)).toBe(22_000);
  expect(jitteredMs(0, () => 1)).toBe(0);
});

test("a session sends one message per interval on average, however late each one is", () => {
  const random = pseudoRandom(3);
  const times = sendingTimes(2001, () => Math.round(random() * 900));
  const apart = distances(times);
  const mean = apart.reduce((sum, ms) => sum + ms, 0) / apart.length;
  expect(Math.abs(mean - intervalMs)).toBeLessThan(100);
  expect(Math.min(...apart)).toBeGreaterThan(16_000);
  expect(new Set(apart).size).toBeGreaterThan(1000);
});

test("after a break nothing is made up for in a burst", () => {
  const times = sendingTimes(20, (index) => (index === 10 ? 3_600_000 : 0));
  const apart = distances(times);
  expect(Math.min(...apart)).toBeGreaterThanOrEqual(18_000);
});

test("a session that is late by less than the interval catches up step by step", () => {
  const times = sendingTimes(12, (index) => (index === 3 ? 9000 : 0));
  const apart = distances(times);
  expect(Math.min(...apart)).toBeGreaterThanOrEqual(0.5 * 18_000);
});

test("a session that is always late by a third of its interval keeps the pace all the same", () => {
  const apart = distances(sendingTimes(1001, () => intervalMs / 3));
  const mean = apart.reduce((sum, ms) => sum + ms, 0) / apart.length;
  expect(Math.abs(mean - intervalMs)).toBeLessThan(100);
});

test("the next poll is when the first session is due, and never later than the poll interval", () => {
  expect(untilNextPoll([], 10_000)).toBe(10_000);
  expect(untilNextPoll([15_000, 700], 10_000)).toBe(700);
  expect(untilNextPoll([15_000], 10_000)).toBe(10_000);
});
