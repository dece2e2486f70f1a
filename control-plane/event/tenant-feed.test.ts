import { expect, test } from "vitest";
import type { Event } from "../../shared/event.ts";
import { StreamClient } from "./stream-client.ts";
import { pageSize, TenantFeed } from "./tenant-feed.ts";

function eventAt(seq: number): Event {
  return {
    id: `evt_${seq}`,
    type: "message.received",
    timestamp: "2026-01-01T00:00:00Z",
    tenant_id: "acme",
    session_id: "main",
    seq,
    data: {},
  };
}

/** A feed over a log whose events are visible up to `visible`. */
function feedOver(log: { visible: number }) {
  let reads = 0;
  const slept: number[] = [];
  const feed = new TenantFeed({
    read: async (after) => {
      reads += 1;
      const length = Math.max(0, Math.min(pageSize, log.visible - after));
      return Array.from({ length }, (_, index) => eventAt(after + 1 + index));
    },
    sleep: async (ms) => {
      slept.push(ms);
      if (slept.length === 3) log.visible = 1;
    },
  });
  return { feed, slept, reads: () => reads };
}

function clientAt(position: number) {
  return new StreamClient({ keyId: "key", position, sessionId: undefined, onClose: () => {} });
}

async function idsOf(client: StreamClient): Promise<number[]> {
  client.close();
  const text = await new Response(client.body).text();
  return [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
}

test("a notification that arrives before its events are visible is retried", async () => {
  const { feed, slept } = feedOver({ visible: 0 });
  const client = clientAt(0);
  await feed.join(client);
  await feed.notify(1);
  expect(slept).toEqual([2, 4, 8]);
  await expect(idsOf(client)).resolves.toEqual([1]);
});

test("a notification whose events never appear is given up", async () => {
  const log = { visible: 5 };
  const { feed, slept } = feedOver(log);
  await feed.join(clientAt(5));
  await feed.notify(9);
  expect(slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(1_000);
});

test("an event is read once for all clients and written to each once", async () => {
  const log = { visible: 10 };
  const { feed, reads } = feedOver(log);
  const clients = [0, 3, 10].map(clientAt);
  for (const client of clients) await feed.join(client);
  const before = reads();
  log.visible = 12;
  await Promise.all([feed.notify(11), feed.notify(12)]);
  expect(reads() - before).toBe(1);
  const [first = [], second = [], third = []] = await Promise.all(clients.map(idsOf));
  expect(first).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(second).toEqual(first.slice(3));
  expect(third).toEqual([11, 12]);
});

test("when a tenant is created again, new clients follow it and the old ones are closed", async () => {
  const log = { visible: 5 };
  const { feed } = feedOver(log);
  const old = clientAt(5);
  await feed.join(old);
  log.visible = 0;
  const fresh = clientAt(0);
  await feed.join(fresh);
  expect(old.isOpen).toBe(false);
  log.visible = 1;
  await feed.notify(1);
  await expect(idsOf(fresh)).resolves.toEqual([1]);
});
