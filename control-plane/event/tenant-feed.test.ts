import { expect, test } from "vitest";
import type { Event } from "../../shared/event.ts";
import { ByteBudget } from "./byte-budget.ts";
import { cachePages } from "./cache-pages.ts";
import { readPages } from "./read-pages.ts";
import { StreamClient } from "./stream-client.ts";
import { TenantFeed } from "./tenant-feed.ts";

function eventAt(seq: number, text: string): Event {
  return {
    id: `evt_${seq}`,
    type: "message.received",
    timestamp: "2026-01-01T00:00:00Z",
    tenant_id: "acme",
    session_id: "main",
    seq,
    data: { text },
  };
}

/** A feed over a log whose events are visible up to `visible`. */
function feedOver(log: { visible: number }, options: { text?: string; hubBytes?: number } = {}) {
  let reads = 0;
  const slept: number[] = [];
  const read = readPages(async ({ after, limit }) => {
    reads += 1;
    const length = Math.max(0, Math.min(limit, log.visible - after));
    return Array.from({ length }, (_, index) => eventAt(after + 1 + index, options.text ?? ""));
  }, 262_144);
  const feed: TenantFeed = new TenantFeed({
    readLive: read,
    readBehind: cachePages(read),
    sleep: async (ms) => {
      slept.push(ms);
      if (slept.length === 3) log.visible = 1;
    },
    onError: (error) => {
      throw error;
    },
    hubBudget: new ByteBudget({
      maxBytes: options.hubBytes ?? 100_000_000,
      onExceeded: () => feed.dropSlowest(),
    }),
  });
  return { feed, slept, reads: () => reads };
}

function clientOf(feed: TenantFeed, position: number, now = () => 0) {
  return new StreamClient({
    keyId: "key",
    position,
    sessionId: undefined,
    budget: feed.budget,
    now,
    onClose: (client) => feed.leave(client),
  });
}

/** Reads until the event with this seq, and returns the seqs of the events up to it. */
async function readTo(client: StreamClient, last: number): Promise<number[]> {
  const reader = client.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (!text.includes(`id: ${last}\nevent:`)) {
    const { value, done } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
  return [...text.matchAll(/^id: (\d+)\nevent:/gm)]
    .map(([, id]) => Number(id))
    .filter((id) => id <= last);
}

const oneTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

test("a notification that arrives before its events are visible is retried", async () => {
  const { feed, slept } = feedOver({ visible: 0 });
  const client = clientOf(feed, 0);
  await feed.join(client);
  await feed.notify(1);
  expect(slept).toEqual([2, 4, 8]);
  await expect(readTo(client, 1)).resolves.toEqual([1]);
});

test("a notification whose events never appear is given up", async () => {
  const { feed, slept } = feedOver({ visible: 5 });
  await feed.join(clientOf(feed, 5));
  await feed.notify(9);
  expect(slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(1_000);
});

test("an event is read once for all clients and written to each once", async () => {
  const log = { visible: 10 };
  const { feed, reads } = feedOver(log);
  const clients = [0, 3, 10].map((position) => clientOf(feed, position));
  for (const client of clients) await feed.join(client);
  const before = reads();
  log.visible = 12;
  await Promise.all([feed.notify(11), feed.notify(12)]);
  expect(reads() - before).toBe(1);
  const [first = [], second = [], third = []] = await Promise.all(
    clients.map((client) => readTo(client, 12)),
  );
  expect(first).toEqual(oneTo(12));
  expect(second).toEqual(first.slice(3));
  expect(third).toEqual([11, 12]);
});

test("when a tenant is created again, new clients follow it and the old ones are closed", async () => {
  const log = { visible: 5 };
  const { feed } = feedOver(log);
  const old = clientOf(feed, 5);
  await feed.join(old);
  log.visible = 0;
  const fresh = clientOf(feed, 0);
  await feed.join(fresh);
  expect(old.isOpen).toBe(false);
  log.visible = 1;
  await feed.notify(1);
  await expect(readTo(fresh, 1)).resolves.toEqual([1]);
});

test("clients that catch up together share their reads", async () => {
  const { feed, reads } = feedOver({ visible: 2_000 });
  const clients = Array.from({ length: 100 }, () => clientOf(feed, 0));
  const read = clients.map((client) => readTo(client, 2_000));
  await Promise.all(clients.map((client) => feed.join(client)));
  for (const seqs of await Promise.all(read)) expect(seqs).toEqual(oneTo(2_000));
  expect(reads()).toBeLessThan(30);
});

test("clients that are not read cost few reads and a bounded buffer", async () => {
  const { feed, reads } = feedOver({ visible: 5_000 }, { text: "x".repeat(10_000) });
  const clients = Array.from({ length: 100 }, (_, index) => clientOf(feed, index));
  for (const client of clients) await feed.join(client);
  expect(reads()).toBeLessThan(20);
  expect(feed.budget.usedBytes).toBeLessThan(10_000_000);

  // The rest of what one of them misses is read when it is read.
  const [client] = clients;
  if (client === undefined) throw new Error("No client");
  await expect(readTo(client, 300)).resolves.toEqual(oneTo(300));
});

test("live clients that fall behind miss nothing and do not hold up the others", async () => {
  const log = { visible: 0 };
  const { feed } = feedOver(log, { text: "x".repeat(2_000) });
  const [slow, quick] = [clientOf(feed, 0), clientOf(feed, 0)];
  await feed.join(slow);
  await feed.join(quick);
  const reading = readTo(quick, 1_000);
  while (log.visible < 1_000) {
    log.visible += 100;
    await feed.notify(log.visible);
  }
  await expect(reading).resolves.toEqual(oneTo(1_000));
  expect(slow.isFull).toBe(true);
  await expect(readTo(slow, 1_000)).resolves.toEqual(oneTo(1_000));
});

test("when the hub has no memory left, the clients with the most unread bytes are closed", async () => {
  const { feed } = feedOver({ visible: 100 }, { text: "x".repeat(10_000), hubBytes: 500_000 });
  const clients = Array.from({ length: 10 }, () => clientOf(feed, 0));
  for (const client of clients) await feed.join(client);
  expect(feed.budget.usedBytes).toBeLessThanOrEqual(500_000);
  expect(clients.filter((client) => client.isOpen).length).toBeGreaterThan(0);
  expect(clients.filter((client) => !client.isOpen).length).toBeGreaterThan(0);
});

test("a client is stalled when it has unread bytes and reads nothing for 10 seconds", async () => {
  const { feed } = feedOver({ visible: 1 });
  let now = 0;
  const client = clientOf(feed, 0, () => now);
  await feed.join(client);
  now = 10_000;
  expect(client.isStalled).toBe(false);
  now = 10_001;
  expect(client.isStalled).toBe(true);
  await readTo(client, 1);
  now = 60_000;
  expect(client.isStalled).toBe(false);
});
