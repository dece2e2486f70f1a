import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestDatabase, type TestDatabase } from "../tests/support/database.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await startTestDatabase();
  await db.pool.query(`
    insert into tenants (tenant_id, name, event_retention_days, message_retention_days)
      values ('keeps', 'K', 30, null), ('short', 'S', 2, 10);
    select create_session(t.tenant_id, 'main', 'M', null, 'sandbox') from tenants t;
    delete from events;
    insert into events (tenant_id, seq, type, data, created_at)
      select t.tenant_id, n, 'message.sent', '{}', now() - (5000 - n) * interval '2 minutes'
      from tenants t, generate_series(1, 5000) n;
    insert into messages (id, tenant_id, session_uid, session_id, direction, chat_id, message, status)
      select uuid_v7_at(now() - n * interval '1 hour', gen_random_uuid()), s.tenant_id, s.uid, 'main',
        case when n % 2 = 0 then 'in' else 'out' end, '1@s.whatsapp.net', 'x',
        case when n = 999 then 'QUEUED' when n % 2 = 0 then 'RECEIVED' else 'READ' end
      from whatsapp_sessions s, generate_series(1, 1000) n;
    insert into idempotency_keys (tenant_id, key, request_hash, message_id, created_at)
      select 'keeps', 'key ' || n, 'h', gen_random_uuid(), now() - n * interval '1 hour'
      from generate_series(1, 48) n;
  `);
}, 60_000);
afterAll(() => db.stop());

async function count(sql: string): Promise<number> {
  const { rows } = await db.pool.query<{ count: string }>(`select count(*) from ${sql}`);
  return Number(rows[0]?.count);
}

async function step(maxRows: number): Promise<boolean> {
  const { rows } = await db.pool.query<{ done: boolean }>("select purge_expired(1, $1) as done", [
    maxRows,
  ]);
  return rows[0]!.done;
}

test("steps remove only what is older than the tenant keeps it, and are bounded", async () => {
  const before = await count("events");
  await step(500);
  expect(before - (await count("events"))).toBeLessThanOrEqual(500);
  let steps = 1;
  while (!(await step(500))) steps += 1;
  expect(steps).toBeGreaterThan(4);

  expect(await count("events where tenant_id = 'keeps'")).toBe(5000);
  expect(
    await count("events where tenant_id = 'short' and created_at < now() - interval '2 days'"),
  ).toBe(0);
  expect(await count("events where tenant_id = 'short'")).toBe(1440);

  expect(await count("messages where tenant_id = 'keeps'")).toBe(1000);
  // 240 hours are 10 days; a message that is still to be sent is never removed.
  expect(await count("messages where tenant_id = 'short'")).toBe(240);
  expect(await count("messages where tenant_id = 'short' and status = 'QUEUED'")).toBe(1);
  expect(await count("idempotency_keys")).toBe(23);
});

test("a second caller has nothing to do while a step runs", async () => {
  const client = await db.pool.connect();
  try {
    await client.query("begin; select 1 from purge_progress for update");
    expect(await step(500)).toBe(true);
  } finally {
    await client.query("rollback");
    client.release();
  }
});

test("QR codes leave the event log and the sessions when they expire", async () => {
  await db.pool.query(`
    insert into events (tenant_id, seq, type, data, created_at)
      select 'keeps', 10000 + n, 'session.qr_code', jsonb_build_object(
        'session_id', 'main', 'qr', 'secret ' || n,
        'expires_at', now() + (case when n = 3 then 1 else -1 end) * interval '30 seconds'),
        now() - interval '40 seconds'
      from generate_series(1, 3) n;
    update whatsapp_sessions set qr = 'secret', qr_expires_at = now() - interval '1 second',
      pairing_code = 'ABCD1234', pairing_code_expires_at = now() + interval '1 minute'
      where tenant_id = 'keeps'`);
  const held = "events where type = 'session.qr_code' and data ->> 'qr' is not null";
  expect(await count(held)).toBe(3);
  await step(1);
  expect(await count(held)).toBe(2);
  while (!(await step(500)));
  expect(await count(held)).toBe(1);
  const { rows } = await db.pool.query(
    "select data from events where tenant_id = 'keeps' and seq = 10001",
  );
  expect(rows[0].data).toMatchObject({ session_id: "main", qr: null });
  expect(
    await count(
      "whatsapp_sessions where qr is not null or pairing_code is null and tenant_id = 'keeps'",
    ),
  ).toBe(0);
});

test("files are removed after their retention, in steps; their messages stay", async () => {
  await db.pool.query(`
    insert into tenants (tenant_id, name, media_retention_days) values ('files', 'F', 5);
    select create_session('files', 'main', 'M', null, 'sandbox');
    insert into messages
      (id, tenant_id, session_uid, session_id, direction, chat_id, type, status, media)
      select uuid_v7_at(now() - n * interval '1 hour', gen_random_uuid()), s.tenant_id, s.uid, 'main',
        'in', '1@s.whatsapp.net', 'image', 'RECEIVED',
        jsonb_build_object('status', 'stored', 'url', '/files/main/' || n || '.png')
      from whatsapp_sessions s, generate_series(1, 300) n where s.tenant_id = 'files';
    update purge_progress set after_tenant = null, round_started_at = '-infinity';
  `);
  const stored = "messages where tenant_id = 'files' and media ->> 'status' = 'stored'";
  let before = await count(stored);
  for (let done = false; !done;) {
    done = await step(50);
    const now = await count(stored);
    expect(before - now).toBeLessThanOrEqual(50);
    before = now;
  }
  expect(await count(stored)).toBe(119);
  expect(await count("messages where tenant_id = 'files'")).toBe(300);
  expect(
    await count("messages where media ->> 'status' = 'deleted' and media ->> 'url' is null"),
  ).toBe(181);
  expect(await count("media_removals where path like 'files/main/%.png'")).toBe(181);

  // Of a tenant that is deleted, the other files go too.
  await db.pool.query("delete from tenants where tenant_id = 'files'");
  expect(await count("media_removals where path like 'files/main/%.png'")).toBe(300);
});
