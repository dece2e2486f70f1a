import { expect, test } from "vitest";
import { startTestDatabase } from "../tests/support/database.ts";
test("a given webhook_secret reaches the endpoint, by insert, update and upsert", async () => {
  const db = await startTestDatabase();
  const secret = async () =>
    (await db.pool.query("select secret from webhook_endpoints where tenant_id = 'a'")).rows[0]
      ?.secret;
  await db.pool.query(
    "insert into tenants (tenant_id, name, webhook_url, webhook_secret) values ('a', 'A', 'https://x.example', 'one'), ('b', 'B', 'https://x.example', 'other')",
  );
  expect(await secret()).toBe("one");
  await db.pool.query("update tenants set webhook_secret = 'two' where tenant_id = 'a'");
  expect(await secret()).toBe("two");
  await db.pool.query("update tenants set webhook_url = 'https://y.example' where tenant_id = 'a'");
  expect(await secret()).toBe("two");
  await db.pool.query(
    "insert into tenants (tenant_id, name, webhook_url, webhook_secret) values ('a', 'A', 'https://x.example', 'three') on conflict (tenant_id) do update set webhook_url = excluded.webhook_url, webhook_secret = excluded.webhook_secret",
  );
  expect(await secret()).toBe("three");
  expect(
    (await db.pool.query("select webhook_secret from tenants where webhook_secret is not null"))
      .rows,
  ).toEqual([]);
  await db.stop();
}, 60_000);
