import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Stats } from "../shared/stats.ts";
import { startTestDatabase, type TestDatabase } from "../tests/support/database.ts";
import { rowsRead } from "../tests/support/rows-read.ts";

let db: TestDatabase;
let connector: string;
beforeAll(async () => {
  db = await startTestDatabase();
  connector = randomUUID();
  await rows("select register_connector($1, 'http://127.0.0.1:1', null, '{sandbox}', 500, 60000)", [
    connector,
  ]);
});
afterAll(() => db.stop());

async function rows(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  return (await db.pool.query<Record<string, unknown>>(sql, values)).rows;
}

/** A tenant with a connected session. */
async function addSession(): Promise<{ tenantId: string; uid: string }> {
  const tenantId = `t_${randomUUID().slice(0, 8)}`;
  await rows("insert into tenants (tenant_id, name) values ($1, 'T')", [tenantId]);
  const [session] = await rows(
    "select uid from create_session($1, 'main', 'Main', null, 'sandbox')",
    [tenantId],
  );
  const uid = String(session?.["uid"]);
  await rows("select claim_sessions($1, 1000)", [connector]);
  await commit(uid, [{ kind: "change", uid, patch: { state: "connected", phone: "39300" } }]);
  return { tenantId, uid };
}

async function commit(uid: string, items: object[]): Promise<void> {
  await rows("select commit_writes($1, $2)", [
    connector,
    JSON.stringify({ sessions: [{ uid, epoch: 1 }], items }),
  ]);
}

// Fixed, so that the tests do not depend on when the hour ends.
const hour = `'${new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000).toISOString()}'::timestamptz`;
const around = `${hour} - interval '2 hours', ${hour} + interval '2 hours'`;

async function stats(tenantId: string, range = around, bucket = "hour"): Promise<Stats> {
  const [row] = await rows(`select tenant_stats($1, ${range}, $2) as stats`, [tenantId, bucket]);
  return row?.["stats"] as Stats;
}

/** The same numbers, counted from the messages themselves. */
async function counted(tenantId: string): Promise<Stats["messages"]> {
  const of = async (column: string) =>
    Object.fromEntries(
      (
        await rows(
          `select ${column} as name, count(*)::int from messages where tenant_id = $1 group by 1`,
          [tenantId],
        )
      ).map(({ name, count }) => [String(name), Number(count)]),
    );
  const { in: received = 0, out: sent = 0 } = await of("direction");
  return { in: received, out: sent, by_status: await of("status"), by_type: await of("type") };
}

async function send(uid: string, type = "text"): Promise<{ id: string; wa: string }> {
  const [made] = await rows("select uuid_v7() as id");
  const message = { id: String(made?.["id"]), wa: randomUUID() };
  await commit(uid, [
    {
      kind: "send",
      uid,
      id: message.id,
      wa_message_id: message.wa,
      chat_id: "39333@s.whatsapp.net",
      phone: "39333",
      type,
      text: "hi",
      content: "AAAA",
    },
  ]);
  return message;
}

const outcome = (uid: string, id: string, status: "SENT" | "FAILED") => ({
  kind: "outcome",
  uid,
  id,
  status,
  error: { code: "x", message: "x" },
});
const receipt = (uid: string, wa: string, status: "DELIVERED" | "READ") => ({
  kind: "receipt",
  uid,
  wa_message_id: wa,
  status,
});

test("the numbers of messages stay those of the messages, on every way that a status can take", async () => {
  const { tenantId, uid } = await addSession();
  const messages = await Promise.all(
    Array.from({ length: 60 }, (_, n) => send(uid, n % 3 === 0 ? "image" : "text")),
  );
  expect((await stats(tenantId)).messages).toEqual({
    in: 0,
    out: 60,
    by_status: { SENDING: 60 },
    by_type: { image: 20, text: 40 },
  });
  // Late and repeated acks and receipts in any order, and several changes in one transaction.
  const changes = messages.flatMap(({ id, wa }) => [
    outcome(uid, id, "SENT"),
    outcome(uid, id, "FAILED"),
    outcome(uid, id, "SENT"),
    receipt(uid, wa, "DELIVERED"),
    receipt(uid, wa, "READ"),
  ]);
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let round = 0; round < 80; round += 1) {
    const batch = Array.from({ length: 1 + random(6) }, () => changes[random(changes.length)]);
    const received = {
      kind: "message",
      uid,
      direction: random(4) === 0 ? "out" : "in",
      wa_message_id: `in-${random(40)}`,
      chat_id: "39333@s.whatsapp.net",
      phone: "39333",
      type: "text",
      text: "x",
      content: "AAAA",
      sent_at: new Date().toISOString(),
    };
    await commit(uid, [...batch.flatMap((change) => change ?? []), received]);
    expect((await stats(tenantId)).messages).toEqual(await counted(tenantId));
  }
  const { by_status } = (await stats(tenantId)).messages;
  expect(Object.keys(by_status).toSorted()).toEqual(
    expect.arrayContaining(["DELIVERED", "FAILED", "READ", "RECEIVED"]),
  );
  expect((await stats(tenantId)).messages).toEqual(await counted(tenantId));
});

test("queued messages count until they are sent, fail or are deleted", async () => {
  const { tenantId, uid } = await addSession();
  await rows(
    `insert into messages (tenant_id, session_id, phone_number, message, status)
     select $1, 'main', '393331234567', 'text ' || n, 'QUEUED' from generate_series(1, 5) n`,
    [tenantId],
  );
  expect((await stats(tenantId)).messages.by_status).toEqual({ QUEUED: 5 });
  await rows(
    "delete from messages where id = (select id from messages where session_uid = $1 limit 1)",
    [uid],
  );
  expect((await stats(tenantId)).messages).toMatchObject({ out: 4, by_status: { QUEUED: 4 } });
  await rows("select delete_session($1, 'main')", [tenantId]);
  expect((await stats(tenantId)).messages).toEqual(await counted(tenantId));
  expect(await stats(tenantId)).toMatchObject({
    messages: { by_status: { FAILED: 4 } },
    sessions: { by_state: {} },
  });
});

test("a message that moves on changes the hour in which it was created", async () => {
  const { tenantId, uid } = await addSession();
  const [made] = await rows(
    `select uuid_v7_at(${hour} - interval '2 hours', gen_random_uuid()) as id`,
  );
  const id = String(made?.["id"]);
  const wa = randomUUID();
  await commit(uid, [
    { kind: "send", uid, id, wa_message_id: wa, chat_id: "1@lid", lid: "1", type: "text" },
    outcome(uid, id, "SENT"),
  ]);
  await commit(uid, [receipt(uid, wa, "READ")]);
  const { messages, series } = await stats(tenantId);
  expect(messages).toMatchObject({ out: 1, by_status: { READ: 1 } });
  expect(series.map((entry) => entry.messages.out)).toEqual([1, 0, 0, 0]);
  const days = await stats(
    tenantId,
    `date_trunc('day', ${hour}, 'UTC') - interval '1 day',
     date_trunc('day', ${hour}, 'UTC') + interval '1 day'`,
    "day",
  );
  expect(days.series).toHaveLength(2);
  expect(days.series.reduce((sum, entry) => sum + entry.messages.out, 0)).toBe(1);
});

test("API calls are added once for each batch, and a tenant sees its own numbers alone", async () => {
  const [one, other] = [await addSession(), await addSession()];
  const count = (calls: number, batch: string) =>
    rows(`select count_api_calls($1, ${hour}, $2, $3)`, [one.tenantId, calls, batch]);
  const batch = randomUUID();
  await count(5, batch);
  await count(5, batch);
  await count(2, randomUUID());
  const { api_calls, series } = await stats(one.tenantId);
  expect([api_calls, series.map((entry) => entry.api_calls)]).toEqual([7, [0, 0, 7, 0]]);
  expect(await stats(other.tenantId)).toMatchObject({
    api_calls: 0,
    messages: { in: 0, out: 0, by_status: {}, by_type: {} },
    sessions: { by_state: { connected: 1 } },
    webhooks: { delivered: 0, failed: 0, pending: 0 },
  });
});

test("deliveries count as pending, delivered or failed, and anew after a redelivery", async () => {
  const { tenantId } = await addSession();
  await rows("update tenants set webhook_url = 'https://a.example' where tenant_id = $1", [
    tenantId,
  ]);
  const [endpoint] = await rows(
    "select id, cursor_seq from webhook_endpoints where tenant_id = $1",
    [tenantId],
  );
  const from = Number(endpoint?.["cursor_seq"]);
  const advance = async (results: object[], retries: object[], to = from + 3) => {
    await rows("select advance_endpoint($1, $2, $3, $4, $5, 0, true, $3, 0, 1000, 10, '{}')", [
      endpoint?.["id"],
      results.length > 0 ? from : to,
      to,
      JSON.stringify(results),
      JSON.stringify(retries),
    ]);
    return (await stats(tenantId)).webhooks;
  };
  const first = (place: number, status: string) => ({
    event_seq: from + place,
    event_id: `evt_${randomUUID().replaceAll("-", "")}`,
    event_type: "message.received",
    status,
    retry_in_ms: status === "pending" ? 0 : null,
  });
  expect(await advance([first(1, "delivered"), first(2, "dead"), first(3, "pending")], [])).toEqual(
    { delivered: 1, failed: 1, pending: 1 },
  );

  const deliveries = await rows("select id from webhook_deliveries where tenant_id = $1", [
    tenantId,
  ]);
  const ids = deliveries.map(({ id }) => id);
  await rows("select redeliver($1, $2)", [tenantId, ids]);
  expect((await stats(tenantId)).webhooks).toEqual({ delivered: 0, failed: 0, pending: 3 });
  const retried = ids.map((id) => ({ id, attempt: 1, status: "delivered", retry_in_ms: null }));
  expect(await advance([], retried)).toEqual({ delivered: 3, failed: 0, pending: 0 });
  // The same results again, because the answer to the first call was lost.
  expect(await advance([], retried)).toEqual({ delivered: 3, failed: 0, pending: 0 });
});

test("statistics read counters, not messages, whatever the planner knows about the tables", async () => {
  const { tenantId, uid } = await addSession();
  await rows("alter table messages disable trigger user");
  await rows(
    `insert into messages (id, tenant_id, session_id, session_uid, chat_id, direction, status)
     select uuid_v7(), $1, 'main', $2, '1@lid', 'out', case when n <= 50 then 'QUEUED' else 'READ' end
     from generate_series(1, 50000) n`,
    [tenantId, uid],
  );
  await rows("alter table messages enable trigger user");
  for (const analyze of [false, true]) {
    if (analyze) await rows("analyze");
    const { read } = await rowsRead(db.pool, {
      sql: `select tenant_stats($1, ${around}, 'hour')`,
      values: [tenantId],
    });
    expect(read).toBeLessThan(1_000);
  }
  expect((await stats(tenantId)).messages.by_status).toEqual({ QUEUED: 50 });
});

test("the cron removes counts older than 400 days", async () => {
  const { tenantId } = await addSession();
  for (const days of [399, 401]) {
    const hour = `date_trunc('hour', now() - interval '${days} days', 'UTC')`;
    await rows(`insert into message_counts select $1, ${hour}, 'in', 'text', 1, 0, 0, 0, 0`, [
      tenantId,
    ]);
    await rows(`insert into delivery_counts select $1, uuid_v7(), ${hour}, 1, 0`, [tenantId]);
    await rows(`select count_api_calls($1, ${hour}, 1, uuid_v7())`, [tenantId]);
  }
  for (let purged = false; !purged;) {
    const [row] = await rows("select purge_expired() as purged");
    purged = row?.["purged"] === true;
  }
  for (const table of ["message_counts", "delivery_counts", "api_calls"]) {
    expect(await rows(`select hour from ${table} where tenant_id = $1`, [tenantId])).toHaveLength(
      1,
    );
  }
});
