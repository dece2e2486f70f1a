import { expect, test } from "vitest";
import { EndpointNotifier } from "./endpoint-notifier.ts";

/** An endpoint object whose calls are answered by the test. */
function setUp() {
  const calls: { seq: number; answer: (quietMs: number) => void; fail: () => void }[] = [];
  const clock = { now: 1_000 };
  const failures: unknown[] = [];
  let reloads = 0;
  const notifier = new EndpointNotifier({
    endpointOf: () => ({
      notify: (seq) =>
        new Promise((resolve, reject) => {
          calls.push({ seq, answer: resolve, fail: () => reject(new Error("evicted")) });
        }),
      reload: async () => void (reloads += 1),
    }),
    now: () => clock.now,
    onFailure: (error) => void failures.push(error),
  });
  return { notifier, calls, clock, failures, reloads: () => reloads };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

test("notifications during a call become one call, with the highest seq", async () => {
  const { notifier, calls } = setUp();
  for (const seq of [1, 2, 4, 3]) notifier.notify("e", seq);
  expect(calls.map(({ seq }) => seq)).toEqual([1]);
  calls[0]?.answer(0);
  await settle();
  expect(calls.map(({ seq }) => seq)).toEqual([1, 4]);
  calls[1]?.answer(0);
  await settle();
  notifier.notify("e", 5);
  expect(calls.map(({ seq }) => seq)).toEqual([1, 4, 5]);
});

test("an endpoint that is paused is not called until its pause is over", async () => {
  const { notifier, calls, clock } = setUp();
  notifier.notify("e", 1);
  notifier.notify("e", 2);
  calls[0]?.answer(500);
  await settle();
  notifier.notify("e", 3);
  notifier.notify("other", 3);
  expect(calls.map(({ seq }) => seq)).toEqual([1, 3]);
  clock.now += 500;
  notifier.notify("e", 4);
  expect(calls.map(({ seq }) => seq)).toEqual([1, 3, 4]);
});

test("changed settings reach an endpoint that is paused, and end the pause here too", async () => {
  const { notifier, calls, reloads } = setUp();
  notifier.notify("e", 1);
  calls[0]?.answer(60_000);
  await settle();
  notifier.reload("e");
  expect(reloads()).toBe(1);
  notifier.notify("e", 2);
  expect(calls).toHaveLength(2);
});

test("a call that fails is reported, and the next event calls again", async () => {
  const { notifier, calls, failures } = setUp();
  notifier.notify("e", 1);
  calls[0]?.fail();
  await settle();
  expect(failures).toHaveLength(1);
  notifier.notify("e", 2);
  expect(calls).toHaveLength(2);
});
