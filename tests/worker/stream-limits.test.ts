import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { until, type Tenant } from "../support/api.ts";
import { openStream } from "../support/sse.ts";
import { emitEvents } from "./events.ts";
import { type ControlPlane, startControlPlane } from "./start-control-plane.ts";
import { addKey, addTenant } from "./tenants.ts";

const perTenant = 100;
const perKey = 50;

let plane: ControlPlane;
const opened: IncomingMessage[] = [];
beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(() => plane.stop());
afterEach(() => {
  for (const response of opened.splice(0)) response.destroy();
});

/** Opens a stream whose bytes are not read. */
async function openUnread(tenant: Tenant, headers: Record<string, string> = {}) {
  const request = get(`${tenant.url}/tenant/events/stream`, {
    headers: { ...tenant.headers, ...headers },
    agent: false,
  });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.on("error", () => {});
  opened.push(response);
  return response;
}

async function openMany(tenant: Tenant, count: number, headers: Record<string, string> = {}) {
  return Promise.all(Array.from({ length: count }, () => openUnread(tenant, headers)));
}

async function emitMany(tenantId: string, count: number) {
  for (let sent = 0; sent < count; sent += 500) {
    await emitEvents(
      plane.sql,
      tenantId,
      Array.from({ length: 500 }, () => ({ data: { text: "x".repeat(2_000) } })),
    );
  }
}

test("a key and a tenant have a limited number of open streams", async () => {
  const first = await addTenant(plane);
  const keys = [
    first,
    await addKey(plane, first.id, "test"),
    await addKey(plane, first.id, "test"),
  ];
  const [one, two, three] = keys as [Tenant, Tenant, Tenant];
  const statuses = async (tenant: Tenant, count: number) =>
    (await openMany(tenant, count)).map((response) => response.statusCode);

  expect(await statuses(one, perKey)).not.toContain(429);
  const refused = await openStreamProblem(one);
  expect(refused).toMatchObject({
    status: 429,
    retryAfter: "5",
    body: { code: "too_many_streams", detail: expect.stringContaining(String(perKey)) },
  });
  expect(await statuses(two, perTenant - perKey)).not.toContain(429);
  expect(await openStreamProblem(three)).toMatchObject({
    status: 429,
    body: { detail: expect.stringContaining(String(perTenant)) },
  });

  // Another tenant is not affected, and a closed stream makes room for another.
  const other = await openStream(await addTenant(plane), "/tenant/events/stream");
  other.close();
  opened[0]?.destroy();
  await until(
    async () => (await openUnread(one)).statusCode,
    (status) => status === 200,
  );
});

async function openStreamProblem(tenant: Tenant) {
  const response = await fetch(`${tenant.url}/tenant/events/stream`, { headers: tenant.headers });
  return {
    status: response.status,
    retryAfter: response.headers.get("retry-after"),
    body: (await response.json()) as { code: string; detail: string },
  };
}

/** How many rows of events the database has read so far. */
async function eventRowsRead(): Promise<number> {
  const { rows } = await plane.sql.query<{ read: string }>(
    "select idx_tup_fetch + seq_tup_read as read from pg_stat_user_tables where relname = 'events'",
  );
  return Number(rows[0]?.read);
}

test("streams that resume from the beginning and are not read leave other tenants alone", async () => {
  const noisy = await addTenant(plane);
  const quiet = await addTenant(plane);
  await emitMany(noisy.id, 5_000);
  const rowsBefore = await eventRowsRead();
  const keys = [noisy, await addKey(plane, noisy.id, "test")];
  const flood = Promise.all(
    keys.map((tenant) => openMany(tenant, perKey, { "last-event-id": "0" })),
  );

  const durations: number[] = [];
  const statuses = new Set<number>();
  for (const endsAt = performance.now() + 8_000; performance.now() < endsAt;) {
    const startedAt = performance.now();
    statuses.add((await quiet.get("/tenant/messages")).status);
    durations.push(performance.now() - startedAt);
  }
  expect((await flood).flat().map((response) => response.statusCode)).toEqual(
    Array.from({ length: 2 * perKey }, () => 200),
  );
  expect([...statuses]).toEqual([200]);
  const sorted = durations.toSorted((a, b) => a - b);
  const rowsRead = (await eventRowsRead()) - rowsBefore;
  if (process.env["SHOW"]) {
    console.log(
      `${sorted.length} requests, p50 ${sorted[sorted.length >> 1]} ms, max ${sorted.at(-1)} ms, ${rowsRead} rows`,
    );
  }
  // Alone, the streams would read their 5,000 events a hundred times.
  expect(rowsRead).toBeLessThan(200_000);
  expect(sorted[sorted.length >> 1]).toBeLessThan(500);

  // Their slots are taken until the hub closes them, because they read nothing.
  await until(
    async () => (await openUnread(noisy)).statusCode,
    (status) => status === 200,
    20_000,
  );
});
