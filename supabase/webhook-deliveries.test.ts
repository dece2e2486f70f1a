import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rowsRead } from "../tests/support/rows-read.ts";
import { startTestDatabase, type TestDatabase } from "../tests/support/database.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await startTestDatabase();
});
afterAll(async () => {
  await db.stop();
});

const buckets = Array.from({ length: 16 }, (_, bucket) => bucket);

/** Adds deliveries of one event to each of `endpoints` new endpoints, spread over all buckets. */
async function addDeliveries(options: {
  endpoints: number;
  each: number;
  status: "pending" | "delivered";
}): Promise<void> {
  const prefix = randomUUID().slice(0, 8);
  const { endpoints, each, status } = options;
  await db.pool.query(
    `insert into tenants (tenant_id, name, webhook_url)
     select $1 || '_' || i, 'T', 'https://example.com' from generate_series(1, $2) i`,
    [prefix, endpoints],
  );
  await db.pool.query(
    `insert into events (tenant_id, seq, type, data)
     select tenant_id, 1, 'session.connected', '{}' from tenants where starts_with(tenant_id, $1)`,
    [prefix],
  );
  await db.pool.query(
    `insert into webhook_deliveries (tenant_id, endpoint_id, event_seq, bucket, status)
     select e.tenant_id, e.id, 1, tenant_bucket(e.tenant_id), $2
     from webhook_endpoints e, generate_series(1, $3) where starts_with(e.tenant_id, $1)`,
    [prefix, status, each],
  );
}

async function claim() {
  const sql = "select * from claim_deliveries($1, 32, 60000, 4)";
  return (await db.pool.query<{ id: string; endpoint_id: string }>(sql, [buckets])).rows;
}

test("a claim reads a bounded number of rows, also with statistics from before the backlog", async () => {
  await addDeliveries({ endpoints: 50, each: 200, status: "delivered" });
  await db.pool.query("analyze");

  for (const each of [40, 400]) {
    await addDeliveries({ endpoints: 50, each, status: "pending" });
    const { rows, read } = await rowsRead(db.pool, {
      sql: "select * from claim_deliveries($1, 32, 60000, 4)",
      values: [buckets],
    });
    expect(rows).toHaveLength(32);
    expect(read).toBeLessThan(20_000);
  }
  const { read } = await rowsRead(db.pool, {
    sql: "select next_delivery_at($1)",
    values: [buckets],
  });
  expect(read).toBeLessThan(100);
});

test("claims at the same time share the due deliveries, and none is claimed twice", async () => {
  await db.pool.query("update webhook_deliveries set status = 'delivered'");
  await addDeliveries({ endpoints: 20, each: 4, status: "pending" });
  const claimed: string[] = [];
  for (let found = 1; found > 0;) {
    const batches = await Promise.all([claim(), claim(), claim()]);
    const ids = batches.flat().map((delivery) => delivery.id);
    claimed.push(...ids);
    found = ids.length;
  }
  expect(claimed).toHaveLength(80);
  expect(new Set(claimed).size).toBe(80);
});

test("an endpoint gets its share of places, oldest first, and a full one is passed over", async () => {
  await db.pool.query("update webhook_deliveries set status = 'delivered'");
  await addDeliveries({ endpoints: 2, each: 500, status: "pending" });
  const first = await claim();
  const endpoints = [...new Set(first.map((delivery) => delivery.endpoint_id))];
  expect(first).toHaveLength(8);
  expect(endpoints).toHaveLength(2);

  const [full, free] = endpoints;
  const { rows } = await db.pool.query<{ endpoint_id: string }>(
    "select endpoint_id from claim_deliveries($1, 32, 60000, 4, $2)",
    [buckets, [full, full, full, full, free]],
  );
  expect(rows).toEqual([free, free, free].map((endpoint_id) => ({ endpoint_id })));
});
