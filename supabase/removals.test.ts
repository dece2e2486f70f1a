import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestDatabase, type TestDatabase } from "../tests/support/database.ts";

/** More rows than the first step of a removal takes. */
const many = 2500;

let db: TestDatabase;
beforeAll(async () => {
  db = await startTestDatabase();
  await db.pool.query(`
    insert into tenants (tenant_id, name, webhook_url)
      values ('gone', 'G', 'http://127.0.0.1/'), ('other', 'O', 'http://127.0.0.1/'),
        ('small', 'S', null);
    select create_session(t.tenant_id, s, 'M', null, 'sandbox')
      from tenants t, unnest(array['main', 'second']) s;
    insert into messages (tenant_id, session_uid, session_id, direction, chat_id, message, status)
      select s.tenant_id, s.uid, s.session_id, case when n % 2 = 0 then 'in' else 'out' end,
        '1@s.whatsapp.net', 'text ' || n, case when n % 2 = 0 then 'RECEIVED' else 'READ' end
      from whatsapp_sessions s, generate_series(1, ${many}) n
      where s.session_id = 'main' and s.tenant_id <> 'small';
    insert into events (tenant_id, seq, type, data)
      select t.tenant_id, n, 'message.sent', '{}'
      from tenants t, generate_series(1000, 1000 + ${many}) n where t.tenant_id <> 'small';
    insert into webhook_deliveries
      (tenant_id, endpoint_id, event_seq, event_id, event_type, status, attempts)
      select w.tenant_id, w.id, n, gen_random_uuid(), 'message.sent', 'delivered', 1
      from webhook_endpoints w, generate_series(1000, 1000 + ${many}) n;
    update event_counters set last_seq = 1000 + ${many};
  `);
}, 60_000);
afterAll(() => db.stop());

async function count(sql: string): Promise<number> {
  const { rows } = await db.pool.query<{ count: string }>(`select count(*) from ${sql}`);
  return Number(rows[0]?.count);
}

async function purge(): Promise<number> {
  for (let steps = 1; ; steps++) {
    const { rows } = await db.pool.query<{ done: boolean }>("select purge_expired() as done");
    if (rows[0]!.done) return steps;
  }
}

test("queued messages of a deleted session fail in steps, each with an event", async () => {
  await db.pool.query(
    `insert into messages (session_id, phone_number, message, status)
     select 'other_second', '393331234567', 'queued ' || n, 'QUEUED' from generate_series(1, ${many}) n`,
  );
  const ofSession = "messages where tenant_id = 'other' and session_id = 'second'";
  const failed = "events where tenant_id = 'other' and type = 'message.failed'";
  await db.pool.query("select delete_session('other', 'second')");
  expect(await count(`${ofSession} and status = 'FAILED'`)).toBe(1000);
  expect(await count(failed)).toBe(1000);

  await purge();
  expect(await count(`${ofSession} and status = 'FAILED'`)).toBe(many);
  expect(await count(failed)).toBe(many);
  expect(await count("removals")).toBe(0);
});

test("a deleted tenant is gone at once, its rows follow in steps, and no other tenant's", async () => {
  const others = async () => [
    await count("messages where tenant_id = 'other'"),
    await count("events where tenant_id = 'other'"),
    await count("webhook_deliveries where tenant_id = 'other'"),
  ];
  const before = await others();
  await db.pool.query("delete from tenants where tenant_id = 'gone'");
  expect(await count("whatsapp_sessions where tenant_id = 'gone'")).toBe(0);
  expect(await count("messages where tenant_id = 'gone'")).toBe(many - 1000);
  // A token that is still valid reads nothing.
  expect(
    await db.as("authenticated", { tenant_id: "gone" }, "select id from messages limit 1"),
  ).toEqual([]);
  expect(
    await db.as("authenticated", { tenant_id: "other" }, "select id from messages limit 1"),
  ).toHaveLength(1);

  await expect(
    db.pool.query("insert into tenants (tenant_id, name) values ('gone', 'Again')"),
  ).rejects.toMatchObject({ code: "55006" });

  expect(await purge()).toBeGreaterThan(1);
  for (const table of ["messages", "events", "webhook_deliveries", "removals"]) {
    expect(await count(`${table} where tenant_id = 'gone'`)).toBe(0);
  }
  expect(await others()).toEqual(before);
  await db.pool.query("insert into tenants (tenant_id, name) values ('gone', 'Again')");
});

test("a small tenant's id can be used again at once", async () => {
  await db.pool.query("delete from tenants where tenant_id = 'small'");
  await db.pool.query("insert into tenants (tenant_id, name) values ('small', 'Again')");
  expect(await count("removals")).toBe(0);
});

test("the deliveries of a deleted endpoint follow in steps", async () => {
  await db.pool.query("update tenants set webhook_url = null where tenant_id = 'other'");
  expect(await count("webhook_endpoints where tenant_id = 'other'")).toBe(0);
  expect(await count("webhook_deliveries where tenant_id = 'other'")).toBe(many + 1 - 1000);
  await purge();
  expect(await count("webhook_deliveries where tenant_id = 'other'")).toBe(0);
  expect(await count("removals")).toBe(0);
});

test("a queued message must name a session of its tenant", async () => {
  const insert = (tenant: string) =>
    db.pool.query(
      `insert into messages (tenant_id, session_uid, session_id, phone_number, message, status)
       select $1, s.uid, s.session_id, '393331234567', 'x', 'QUEUED'
       from whatsapp_sessions s where s.tenant_id = 'other' and s.session_id = 'main'`,
      [tenant],
    );
  await insert("other");
  await expect(insert("gone")).rejects.toThrow(/no session with session_uid/);
});
