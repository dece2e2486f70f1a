import { expect, test } from "vitest";
import { afterFailure, intervalMs, untilNextLook } from "./pace.ts";

const error = { code: "send_failed", message: "It did not go." };
const limits = { retry: { baseMs: 1000, capMs: 60_000 }, random: () => 1 };

test("messages keep at least the interval between them, and at most a tenth more", () => {
  expect(intervalMs(20_000, () => 0)).toBe(20_000);
  expect(intervalMs(20_000, () => 1)).toBe(22_000);
  expect(intervalMs(0, () => 1)).toBe(0);
});

test("what failed is tried three times more, each time after a longer wait", () => {
  const waits = [0, 1, 2].map((attempts) => afterFailure({ id: "m", attempts, error }, limits));
  expect(waits).toEqual(
    [1000, 2000, 4000].map((retryInMs, attempts) => ({
      kind: "outcome",
      id: "m",
      status: "QUEUED",
      error,
      attempts,
      retry_in_ms: retryInMs,
    })),
  );
});

test("after the third retry it has failed, with the reason of the last", () => {
  expect(afterFailure({ id: "m", attempts: 3, error }, limits)).toEqual({
    kind: "outcome",
    id: "m",
    status: "FAILED",
    error,
  });
});

test("the next look is when the first session is due, and never later than the poll", () => {
  expect(untilNextLook([], 10_000)).toBe(10_000);
  expect(untilNextLook([15_000, 700], 10_000)).toBe(700);
  expect(untilNextLook([15_000], 10_000)).toBe(10_000);
});
