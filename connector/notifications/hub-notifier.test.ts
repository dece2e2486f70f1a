import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { HubNotification } from "../../shared/database.ts";
import { HubNotifier } from "./hub-notifier.ts";

let sent: HubNotification[][];
beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
});
afterEach(() => {
  vi.useRealTimers();
});

function about(tenant: string, seq: number): HubNotification {
  return { topic: "hub:1", tenant_id: tenant, seq, endpoints: [] };
}

function notifier(
  broadcast = async (notifications: HubNotification[]) => void sent.push(notifications),
) {
  return new HubNotifier({ broadcast, onError: () => undefined });
}

test("the first event is told at once, those that follow within 50 ms once, with the last seq", async () => {
  const hubs = notifier();
  hubs.notify([about("a", 1)]);
  await vi.advanceTimersByTimeAsync(1);
  expect(sent).toEqual([[about("a", 1)]]);
  for (const seq of [2, 4, 3]) hubs.notify([about("a", seq)]);
  await vi.advanceTimersByTimeAsync(40);
  expect(sent).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(15);
  expect(sent.slice(1)).toEqual([[about("a", 4)]]);
});

test("a tenant does not wait for another tenant's interval", async () => {
  const hubs = notifier();
  hubs.notify([about("a", 1)]);
  await vi.advanceTimersByTimeAsync(1);
  hubs.notify([about("a", 2), about("b", 1)]);
  await vi.advanceTimersByTimeAsync(1);
  expect(sent.at(-1)).toEqual([about("b", 1)]);
});

test("a failed broadcast does not stop the next one", async () => {
  const hubs = notifier(async (notifications) => {
    sent.push(notifications);
    if (sent.length === 1) throw new Error("no Realtime");
  });
  hubs.notify([about("a", 1)]);
  await vi.advanceTimersByTimeAsync(60);
  hubs.notify([about("a", 2)]);
  await vi.advanceTimersByTimeAsync(60);
  expect(sent).toEqual([[about("a", 1)], [about("a", 2)]]);
});

test("while a broadcast hangs, everything else gathers for the next", async () => {
  const gate = Promise.withResolvers<void>();
  const hubs = notifier(async (notifications) => {
    sent.push(notifications);
    if (sent.length === 1) await gate.promise;
  });
  hubs.notify([about("a", 1)]);
  await vi.advanceTimersByTimeAsync(1);
  for (let seq = 2; seq <= 100; seq += 1) hubs.notify([about("a", seq), about("b", seq)]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(sent).toHaveLength(1);
  gate.resolve();
  await vi.advanceTimersByTimeAsync(60);
  expect(sent.slice(1)).toEqual([[about("a", 100), about("b", 100)]]);
});
