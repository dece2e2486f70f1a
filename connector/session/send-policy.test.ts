import { expect, test } from "vitest";
import { afterSendEvent, requeueOrFail } from "./send-policy.ts";

const error = { code: "send_failed", message: "It did not go." };
const limits = { retry: { baseMs: 1000, capMs: 60_000 }, random: () => 1 };
const fromApi = { id: "m", queued: undefined };
const fromQueue = { id: "m", queued: { attempts: 1, maxRetries: 3 } };

test("an acked message is sent", () => {
  expect(afterSendEvent(fromApi, { kind: "acknowledged", errorCode: undefined }, limits)).toEqual({
    kind: "finish",
    outcome: { kind: "outcome", id: "m", status: "SENT" },
  });
});

test("a refused message fails; one from the queue goes back into it", () => {
  const refused = { kind: "acknowledged", errorCode: "463" } as const;
  expect(afterSendEvent(fromApi, refused, limits)).toMatchObject({
    outcome: {
      status: "FAILED",
      error: { code: "message_rejected", message: "WhatsApp refused the message (error 463)." },
    },
  });
  expect(afterSendEvent(fromQueue, refused, limits)).toMatchObject({
    outcome: { status: "QUEUED", attempts: 1, retry_in_ms: 2000 },
  });
});

test("a message whose connection was lost is sent again by the next one", () => {
  expect(
    afterSendEvent(
      fromApi,
      { kind: "not_sent", isIntentStored: true, isConnectionLost: true },
      limits,
    ),
  ).toEqual({ kind: "resend" });
});

test("a message that cannot be encrypted fails", () => {
  expect(
    afterSendEvent(
      fromApi,
      { kind: "not_sent", isIntentStored: true, isConnectionLost: false },
      limits,
    ),
  ).toMatchObject({
    kind: "finish",
    outcome: { status: "FAILED", error: { code: "send_failed" } },
  });
});

test.each([true, false])(
  "a message whose intent was not stored leaves nothing to do (connection lost: %s)",
  (isConnectionLost) => {
    const event = { kind: "not_sent", isIntentStored: false, isConnectionLost } as const;
    expect(afterSendEvent(fromApi, event, limits)).toEqual({ kind: "drop" });
  },
);

test("a queued message is tried three times more, each time after a longer delay", () => {
  const outcomes = [0, 1, 2].map((attempts) =>
    requeueOrFail({ id: "m", attempts, maxRetries: 3, error }, limits),
  );
  expect(outcomes).toEqual(
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

test("after the third retry a queued message has failed, with the reason of the last", () => {
  expect(requeueOrFail({ id: "m", attempts: 3, maxRetries: 3, error }, limits)).toEqual({
    kind: "outcome",
    id: "m",
    status: "FAILED",
    error,
  });
});
