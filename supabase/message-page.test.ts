import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestDatabase, type TestDatabase } from "../tests/support/database.ts";

const messageCount = 12_000;
const busyChat = "1@s.whatsapp.net";
let db: TestDatabase;
let sessionUid: string;

interface Filter {
  session?: boolean;
  chat?: string;
  status?: string;
  direction?: string;
  ascending?: boolean;
}

/** One tenant, two sessions; the busy chat is incoming only, and one message in 1,000 failed. */
beforeAll(async () => {
  db = await startTestDatabase();
  await db.pool.query("insert into tenants (tenant_id, name) values ('a', 'A'), ('b', 'B')");
  for (const [tenant, session] of [
    ["a", "main"],
    ["a", "second"],
    ["b", "main"],
  ]) {
    await db.pool.query("select create_session($1, $2, 'S', null, 'sandbox')", [tenant, session]);
  }
  const { rows } = await db.pool.query<{ uid: string }>(
    "select uid from whatsapp_sessions where tenant_id = 'a' and session_id = 'main'",
  );
  sessionUid = rows[0]!.uid;
  // The planner knows nothing of the rows: pages must not depend on statistics.
  await db.pool.query("alter table messages set (autovacuum_enabled = off)");
  await db.pool.query(
    `insert into messages (tenant_id, session_uid, session_id, direction, chat_id, message, status)
     select s.tenant_id, s.uid, s.session_id,
       case when n % 10 = 0 or n % 2 = 0 then 'in' else 'out' end,
       case when n % 10 = 0 then $2 else (2 + n % 7) || '@s.whatsapp.net' end, 'text ' || n,
       case when n % 2 = 0 then 'RECEIVED' when n % 1000 = 7 then 'FAILED'
         when n % 1000 = 9 then 'SENT' when n > 6000 then 'READ' else 'DELIVERED' end
     from generate_series(1, $1::int) n
     join lateral (select * from whatsapp_sessions order by uid offset n % 3 limit 1) s on true`,
    [messageCount, busyChat],
  );
}, 60_000);
afterAll(() => db.stop());

async function page(filter: Filter, afterId: string | null, limit = 100, offset = 0) {
  const { rows } = await db.pool.query<{
    page: { data: { id: string }[]; next: string | null };
  }>("select message_page('a', $1, $2, $3, $4, null, null, $5, $6, $7, $8) as page", [
    filter.session === true ? sessionUid : null,
    filter.chat ?? null,
    filter.status ?? null,
    filter.direction ?? null,
    afterId,
    filter.ascending ?? false,
    limit,
    offset,
  ]);
  return rows[0]!.page;
}

async function allPages(filter: Filter): Promise<string[]> {
  const ids: string[] = [];
  let next: string | null = null;
  do {
    const { data, next: following } = await page(filter, next);
    ids.push(...data.map(({ id }) => id));
    next = following;
  } while (next !== null);
  return ids;
}

async function expected(filter: Filter): Promise<string[]> {
  const { rows } = await db.pool.query<{ id: string }>(
    `select id from messages where tenant_id = 'a' and ($1::uuid is null or session_uid = $1)
       and ($2::text is null or chat_id = $2) and ($3::text is null or status = $3)
       and ($4::text is null or direction = $4)
     order by id ${filter.ascending === true ? "asc" : "desc"}`,
    [
      filter.session === true ? sessionUid : null,
      filter.chat ?? null,
      filter.status ?? null,
      filter.direction ?? null,
    ],
  );
  return rows.map(({ id }) => id);
}

const filters: Filter[] = [true, false].flatMap((session) =>
  [
    {},
    { ascending: true },
    { direction: "in" },
    { direction: "out" },
    { direction: "out", ascending: true },
    { status: "RECEIVED" },
    { status: "FAILED" },
    { status: "QUEUED" },
    { status: "SENT" },
    { status: "DELIVERED" },
    { status: "READ", ascending: true },
    { chat: busyChat },
    { chat: busyChat, direction: "out" },
    { chat: "3@s.whatsapp.net", status: "FAILED" },
    { chat: "3@s.whatsapp.net", status: "READ" },
  ].map((filter) => ({ session, ...filter })),
);

test.each(filters)("the pages hold exactly the matching messages, in order: %o", async (filter) => {
  expect(await allPages(filter)).toEqual(await expected(filter));
});

test("an offset skips as many as it says", async () => {
  const all = await expected({ direction: "out" });
  const { data } = await page({ direction: "out" }, null, 10, 250);
  expect(data.map(({ id }) => id)).toEqual(all.slice(250, 260));
});

test("a page reads few rows, whatever it filters and whatever the statistics say", async () => {
  const { rows: before } = await db.pool.query(
    "select last_analyze, last_autoanalyze from pg_stat_user_tables where relid = 'public.messages'::regclass",
  );
  expect(before).toEqual([{ last_analyze: null, last_autoanalyze: null }]);
  for (const filter of filters.filter(({ status }) => status !== "SENT")) {
    const { rows } = await db.pool.query<{ "QUERY PLAN": [{ Plan: Record<string, number> }] }>(
      `explain (analyze, buffers, format json)
       select message_page('a', ${filter.session === true ? `'${sessionUid}'` : "null"},
         ${filter.chat === undefined ? "null" : `'${filter.chat}'`},
         ${filter.status === undefined ? "null" : `'${filter.status}'`},
         ${filter.direction === undefined ? "null" : `'${filter.direction}'`},
         null, null, null, ${filter.ascending ?? false}, 20, 0)`,
    );
    const plan = rows[0]!["QUERY PLAN"][0].Plan;
    const limit = filter.status === "READ" || filter.status === "DELIVERED" ? 8000 : 500;
    expect({ filter, blocks: plan["Shared Hit Blocks"]! + plan["Shared Read Blocks"]! }).toEqual({
      filter,
      blocks: expect.toSatisfy((blocks: number) => blocks < limit),
    });
  }
});

test("the receipts of a message write no index", async () => {
  const { rows } = await db.pool.query<{ id: string }>(
    `insert into messages (tenant_id, session_uid, session_id, chat_id, message, status)
     select tenant_id, uid, session_id, '9@s.whatsapp.net', 'hot', 'SENT'
     from whatsapp_sessions where uid = $1 returning id`,
    [sessionUid],
  );
  const hotUpdates = async (): Promise<number> => {
    const { rows: stats } = await db.pool.query<{ hot: string }>(
      "select n_tup_hot_upd as hot from pg_stat_user_tables where relid = 'public.messages'::regclass",
    );
    return Number(stats[0]!.hot);
  };
  const before = await hotUpdates();
  for (const status of ["DELIVERED", "READ"]) {
    await db.pool.query("update messages set status = $1, delivered_at = now() where id = $2", [
      status,
      rows[0]!.id,
    ]);
  }
  // A backend reports its counts within a second of being idle.
  await expect.poll(hotUpdates, { timeout: 15_000 }).toBe(before + 2);
});
