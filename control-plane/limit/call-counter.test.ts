import { expect, test } from "vitest";
import { CallCounter } from "./call-counter.ts";

const hour = Date.UTC(2026, 0, 1, 10);

test("calls are counted by the hour", () => {
  const counter = new CallCounter();
  counter.add(hour + 3_599_999);
  counter.add(hour + 3_600_000);
  counter.add(hour + 3_600_001);
  const [first] = counter.batches();
  expect(first).toMatchObject({ hour: "2026-01-01T10:00:00.000Z", calls: 1 });
  if (first !== undefined) counter.confirm(first);
  expect(counter.batches()).toMatchObject([{ hour: "2026-01-01T11:00:00.000Z", calls: 2 }]);
});

test("a batch that was not confirmed is handed out again unchanged", () => {
  const counter = new CallCounter();
  counter.add(hour);
  const sent = counter.batches();
  counter.add(hour + 1);
  expect(counter.batches()).toEqual(sent);
  for (const batch of sent) counter.confirm(batch);
  const [next] = counter.batches();
  expect(next).toMatchObject({ calls: 1 });
  expect(next?.batch).not.toBe(sent[0]?.batch);
  if (next !== undefined) counter.confirm(next);
  expect([counter.isEmpty, counter.batches()]).toEqual([true, []]);
});

test("the count continues from its stored state", () => {
  const first = new CallCounter();
  first.add(hour);
  const second = new CallCounter(structuredClone(first.state));
  second.add(hour);
  expect(second.batches()).toMatchObject([{ calls: 2 }]);
});
