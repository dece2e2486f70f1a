import { expect, test } from "vitest";
import { EndpointNotifier } from "./endpoint-notifier.ts";

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

/** Endpoint objects whose calls are answered, and whose pauses are ended, by the test. */
function setUp() {
  const calls: { id: string; seq: number; answer: (quietMs: number) => void; fail: () => void }[] =
    [];
  const pauses: { ms: number; end: () => void }[] = [];
  const failures: unknown[] = [];
  const reloads: string[] = [];
  const notifier = new EndpointNotifier({
    endpointOf: (id) => ({
      notify: (seq) =>
        new Promise((resolve, reject) => {
          calls.push({ id, seq, answer: resolve, fail: () => reject(new Error("evicted")) });
        }),
      reload: async () => void reloads.push(id),
    }),
    sleep: (ms) => new Promise((resolve) => pauses.push({ ms, end: resolve })),
    onFailure: (error) => void failures.push(error),
  });
  const seqsOf = (id: string) => calls.filter((call) => call.id === id).map(({ seq }) => seq);
  return { notifier, calls, pauses, failures, reloads, seqsOf };
}

test("notifications during a call become one call, with the highest seq", async () => {
  const { notifier, calls, seqsOf } = setUp();
  for (const seq of [1, 2, 4, 3]) notifier.notify("e", seq);
  expect(seqsOf("e")).toEqual([1]);
  calls[0]?.answer(0);
  await settle();
  expect(seqsOf("e")).toEqual([1, 4]);
  calls[1]?.answer(0);
  await settle();
  notifier.notify("e", 5);
  expect(seqsOf("e")).toEqual([1, 4, 5]);
});

test("an endpoint is called once after its quiet time, with what happened in it", async () => {
  const { notifier, calls, pauses, seqsOf } = setUp();
  notifier.notify("e", 1);
  calls[0]?.answer(500);
  await settle();
  for (const seq of [2, 3]) notifier.notify("e", seq);
  notifier.notify("other", 3);
  expect([seqsOf("e"), seqsOf("other")]).toEqual([[1], [3]]);
  expect(pauses.map(({ ms }) => ms)).toEqual([500]);
  pauses[0]?.end();
  await settle();
  expect(seqsOf("e")).toEqual([1, 3]);
});

test("after a quiet time in which nothing happened, an endpoint is not called", async () => {
  const { notifier, calls, pauses, seqsOf } = setUp();
  notifier.notify("e", 1);
  calls[0]?.answer(500);
  await settle();
  pauses[0]?.end();
  await settle();
  expect(seqsOf("e")).toEqual([1]);
  notifier.notify("e", 2);
  expect(seqsOf("e")).toEqual([1, 2]);
});

test("changed settings reach an endpoint in its quiet time", async () => {
  const { notifier, calls, reloads } = setUp();
  notifier.notify("e", 1);
  calls[0]?.answer(60_000);
  await settle();
  notifier.reload("e");
  expect(reloads).toEqual(["e"]);
});

test("a call that fails is reported, and the next event calls again", async () => {
  const { notifier, calls, failures, seqsOf } = setUp();
  notifier.notify("e", 1);
  calls[0]?.fail();
  await settle();
  expect(failures).toHaveLength(1);
  notifier.notify("e", 2);
  expect(seqsOf("e")).toEqual([1, 2]);
});
