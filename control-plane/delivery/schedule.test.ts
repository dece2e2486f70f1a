import { expect, test } from "vitest";
import { nextState } from "./schedule.ts";

const failed = (number: number, random = 0.5) =>
  nextState({ number, succeeded: false, statusCode: 500 }, () => random);

test("a successful attempt means delivered, whatever its number", () => {
  expect(nextState({ number: 4, succeeded: true, statusCode: 204 }, () => 0)).toEqual({
    status: "delivered",
  });
});

test("failures are retried after 5 s, 30 s and 5 min, then the delivery is a dead letter", () => {
  expect([1, 2, 3, 4].map((number) => failed(number))).toEqual([
    { status: "pending", retryInMs: 5_000 },
    { status: "pending", retryInMs: 30_000 },
    { status: "pending", retryInMs: 300_000 },
    { status: "dead" },
  ]);
});

test("the delay varies by 15 % either way", () => {
  expect(failed(1, 0)).toEqual({ status: "pending", retryInMs: 4_250 });
  expect(failed(1, 1)).toEqual({ status: "pending", retryInMs: 5_750 });
});

test("the status 410 makes the first failure final", () => {
  const gone = { number: 1, succeeded: false, statusCode: 410 };
  expect(nextState(gone, () => 0)).toEqual({ status: "dead" });
});
