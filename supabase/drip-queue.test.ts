import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { advanceMs, jitteredMs } from "../connector/drip/pace.ts";
import type { DripHeads } from "../shared/database.ts";
import { startTestDatabase, type TestDatabase } from "../tests/support/database.ts";
import { rowsRead } from "../tests/support/rows-read.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await startTestDatabase();
});
afterAll(() => db.stop());

const defaults = {
  send_interval_ms: 20_000,
  max_messages_per_minute: null,
  poll_interval_ms: 10_000,
  max_retries: 3,
};

async function rows<Row = Record<string, unknown>>(sql: string, values: unknown[] = []) {
  return (await db.pool.query(sql, values)).rows as Row[];
}

async function addConnector(): Promise<string> {
  const id = randomUUID();
  await rows("select register_connector($1, $2, null, '{sandbox}', 5000, 3600000)", [
    id,
    `http://${id}`,
  ]);
  return id;
}

/** A tenant with connected sessions of this connector. */
async function addTenant(connectorId: string, sessions = 1): Promise<string> {
  const tenantId = `t-${randomUUID().slice(0, 8)}`;
  await rows("insert into tenants (tenant_id, name) values ($1, 'T')", [tenantId]);
  await rows(
    `insert into whatsapp_sessions
       (tenant_id, session_id, name, network, state, phone, connector_id, epoch)
     select $1, 's' || i, 'S', 'sandbox', 'connected', '39300' || i, $2, 1
     from generate_series(1, $3) i`,
    [tenantId, connectorId, sessions],
  );
  return tenantId;
}

/** Texts 1 to `count` for each session, in turn, in one statement. */
async function queueRows(tenantId: string, sessions: number, count: number): Promise<void> {
  await rows(
    `insert into messages (phone_number, message, status, platform, session_id)
     select '39333' || (1000000 + n % 7), 'text ' || n, 'QUEUED', 'WHATSAPP', $1 || '_s' || s
     from generate_series(1, $3) n, generate_series(1, $2) s order by n, s`,
    [tenantId, sessions, count],
  );
}

async function heads(connectorId: string): Promise<DripHeads> {
  const [row] = await rows<{ heads: DripHeads }>("select load_drip_heads($1, $2) as heads", [
    connectorId,
    JSON.stringify(defaults),
  ]);
  if (row === undefined) throw new Error("no answer");
  return row.heads;
}

/** Takes these messages out of the queue, as the drip does. */
async function dequeue(connectorId: string, due: DripHeads["heads"], pauseMs = 0): Promise<void> {
  const items = due.map((head) => ({
    kind: "dequeue",
    uid: head.uid,
    id: head.id,
    wa_message_id: `wa-${head.id}`,
    chat_id: head.chat_id,
    phone: "39333",
    content: "AAAA",
    interval_ms: pauseMs,
    advance_ms: advanceMs({ lateMs: Math.max(0, -head.due_in_ms), pauseMs }),
    attempts: head.attempts,
  }));
  await commit(connectorId, items);
}

/** Dequeues these messages, and says that they were sent. */
async function send(connectorId: string, due: DripHeads["heads"], pauseMs = 0): Promise<void> {
  await dequeue(connectorId, due, pauseMs);
  const outcomes = due.map(({ uid, id }) => ({ kind: "outcome", uid, id, status: "SENT" }));
  await commit(connectorId, outcomes);
}

async function commit(connectorId: string, items: { uid: string }[]): Promise<void> {
  const sessions = [...new Set(items.map(({ uid }) => uid))].map((uid) => ({ uid, epoch: 1 }));
  const writes = JSON.stringify({ sessions, items });
  await rows("select commit_writes($1, $2)", [connectorId, writes]);
}

/** Moves the clock of all sessions ahead. */
async function passTime(ms: number): Promise<void> {
  await rows("update whatsapp_sessions set next_drip_at = next_drip_at - $1 * interval '1 ms'", [
    ms,
  ]);
}

async function texts(tenantId: string): Promise<string[]> {
  const queued = await rows<{ message: string }>(
    "select message from messages where tenant_id = $1 and status = 'QUEUED' order by id",
    [tenantId],
  );
  return queued.map(({ message }) => message);
}

test("10,000 rows queued by SQL for 50 sessions go out in order, each once", async () => {
  const connectorId = await addConnector();
  const tenantId = await addTenant(connectorId, 50);
  await queueRows(tenantId, 50, 200);
  const sent = new Map<string, string[]>();
  for (let round = 0; ; round += 1) {
    const { heads: due } = await heads(connectorId);
    if (due.length === 0) break;
    expect(due).toHaveLength(50);
    for (const { uid, message } of due) sent.set(uid, [...(sent.get(uid) ?? []), message ?? ""]);
    await send(connectorId, due);
  }
  const expected = Array.from({ length: 200 }, (_, index) => `text ${index + 1}`);
  for (const order of sent.values()) expect(order).toEqual(expected);
  expect(
    await rows("select status, count(*)::integer from messages where tenant_id = $1 group by 1", [
      tenantId,
    ]),
  ).toEqual([{ status: "SENT", count: 10_000 }]);
}, 240_000);

test("over many turns the pace is one message per interval, whatever the clock of each poll", async () => {
  const connectorId = await addConnector();
  const tenantId = await addTenant(connectorId);
  await queueRows(tenantId, 1, 61);
  let clockMs = 0;
  const sentAt: number[] = [];
  let seed = 1;
  const random = () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  for (;;) {
    const [head] = (await heads(connectorId)).heads;
    if (head === undefined) break;
    if (head.due_in_ms > 0) {
      // Until it is due, and up to half a second longer.
      const waitMs = head.due_in_ms + Math.round(random() * 500);
      await passTime(waitMs);
      clockMs += waitMs;
      continue;
    }
    sentAt.push(clockMs);
    await send(connectorId, [head], jitteredMs(20_000, random));
  }
  expect(sentAt).toHaveLength(61);
  const meanMs = ((sentAt.at(-1) ?? 0) - (sentAt[0] ?? 0)) / 60;
  expect(meanMs).toBeGreaterThan(19_400);
  expect(meanMs).toBeLessThan(20_600);
});

test("100,000 queued rows of one tenant, scheduled ones too, cost the others no row read", async () => {
  const connectorId = await addConnector();
  const crowded = await addTenant(connectorId, 2);
  const quiet = await addTenant(connectorId, 20);
  await queueRows(quiet, 20, 1);
  const poll = {
    sql: "select load_drip_heads($1, $2) as heads",
    values: [connectorId, JSON.stringify(defaults)],
  };
  const before = await rowsRead(db.pool, poll);
  await rows(
    `insert into messages (tenant_id, phone_number, message, status, session_id, send_at, priority)
     select $1, '39333' || (1000000 + n), 'text ' || n, 'QUEUED', case when n % 2 = 0 then 's1' else 's2' end,
            case when n % 2 = 0 then now() + interval '1 day' end, n % 5
     from generate_series(1, 100000) n`,
    [crowded],
  );
  const after = await rowsRead(db.pool, poll);
  expect(after.read - before.read).toBeLessThan(100);
  const due = (await heads(connectorId)).heads;
  expect(due).toHaveLength(21);

  // Sending one reads no more of the queue than its own chat.
  const head = due.find(({ interval_ms, message }) => interval_ms > 0 && message !== "text 1");
  expect(head).toBeDefined();
  const items = [
    {
      kind: "dequeue",
      ...head,
      wa_message_id: "wa",
      content: "AAAA",
      interval_ms: 0,
      advance_ms: 0,
    },
  ];
  const writes = JSON.stringify({ sessions: [{ uid: head?.uid, epoch: 1 }], items });
  const sent = await rowsRead(db.pool, {
    sql: "select commit_writes($1, $2)",
    values: [connectorId, writes],
  });
  expect(sent.read).toBeLessThan(1000);
}, 240_000);

test("what has the higher priority goes first, with what was queued before it in its chat", async () => {
  const connectorId = await addConnector();
  const tenantId = await addTenant(connectorId);
  const queue = (phone: string, message: string, priority: number) =>
    rows(
      `insert into messages (phone_number, message, status, session_id, priority)
       values ($1, $2, 'QUEUED', $3, $4)`,
      [phone, message, `${tenantId}_s1`, priority],
    );
  await queue("393330000001", "plain", 0);
  await queue("393330000002", "before the urgent one", -5);
  await queue("393330000002", "urgent", 5);
  await queue("393330000003", "important", 3);
  const order: (string | null)[] = [];
  for (;;) {
    const { heads: due } = await heads(connectorId);
    if (due.length === 0) break;
    order.push(...due.map(({ message }) => message));
    await send(connectorId, due);
  }
  expect(order).toEqual(["before the urgent one", "urgent", "important", "plain"]);
});

test("a scheduled message enters the queue at its time, and holds up nothing before", async () => {
  const connectorId = await addConnector();
  const tenantId = await addTenant(connectorId);
  await rows(
    `insert into messages (phone_number, message, status, session_id, send_at)
     values ('393330000001', 'later', 'QUEUED', $1, now() + interval '1 hour')`,
    [`${tenantId}_s1`],
  );
  await queueRows(tenantId, 1, 1);
  const first = await heads(connectorId);
  expect(first.heads.map(({ message }) => message)).toEqual(["text 1"]);
  expect(first.scheduled_in_ms).toBeGreaterThan(3_500_000);
  await send(connectorId, first.heads);
  expect((await heads(connectorId)).heads).toEqual([]);
  await rows("update messages set send_at = now() where tenant_id = $1 and message = 'later'", [
    tenantId,
  ]);
  expect((await heads(connectorId)).heads.map(({ message }) => message)).toEqual(["later"]);
});

test("an expired message holds up nobody, and fails with an event", async () => {
  const connectorId = await addConnector();
  const tenantId = await addTenant(connectorId);
  await rows(
    `insert into messages (phone_number, message, status, session_id, send_before)
     values ('393331000001', 'too late', 'QUEUED', $1, now() - interval '1 second')`,
    [`${tenantId}_s1`],
  );
  await queueRows(tenantId, 1, 1);
  expect((await heads(connectorId)).heads.map(({ message }) => message)).toEqual(["text 1"]);
  await rows("select fail_expired_messages(500)");
  expect(await texts(tenantId)).toEqual(["text 1"]);
  expect(
    await rows("select data -> 'error' ->> 'code' as code from events where tenant_id = $1", [
      tenantId,
    ]),
  ).toEqual([{ code: "expired" }]);
});

test("nothing leaves a paused queue, not even what was read before the pause", async () => {
  const connectorId = await addConnector();
  const tenantId = await addTenant(connectorId);
  await queueRows(tenantId, 1, 2);
  const { heads: read } = await heads(connectorId);
  expect(read).toHaveLength(1);
  await rows("select pause_queue($1, 's1', true)", [tenantId]);
  await dequeue(connectorId, read);
  expect((await heads(connectorId)).heads).toEqual([]);
  const [head] = await rows("select status, sent_at from messages where id = $1", [read[0]?.id]);
  expect(head).toMatchObject({ status: "QUEUED" });
  await rows("select pause_queue($1, 's1', false)", [tenantId]);
  expect((await heads(connectorId)).heads).toHaveLength(1);
});

test("a clock that is set back delays a queue by one interval at most", async () => {
  const connectorId = await addConnector();
  const tenantId = await addTenant(connectorId);
  await queueRows(tenantId, 1, 1);
  await rows(
    "update whatsapp_sessions set next_drip_at = now() + interval '1 day' where tenant_id = $1",
    [tenantId],
  );
  const [head] = (await heads(connectorId)).heads;
  expect(head?.due_in_ms).toBeLessThanOrEqual(20_000);
  expect(head?.due_in_ms).toBeGreaterThan(10_000);
});

test("bulks are removed with the messages of their tenant's retention, and no others", async () => {
  const connectorId = await addConnector();
  const [short, long] = [await addTenant(connectorId), await addTenant(connectorId)];
  await rows("update tenants set message_retention_days = 1 where tenant_id = $1", [short]);
  await rows(
    `insert into bulk_sends (id, tenant_id, session_uid, session_id, total)
     select uuid_v7_at(now() - age * interval '1 hour', gen_random_uuid()), s.tenant_id, s.uid, 's1', 1
     from whatsapp_sessions s, unnest(array[1, 48]) age where s.tenant_id = any ($1)`,
    [[short, long]],
  );
  for (let done = false; !done;) {
    const [step] = await rows<{ done: boolean }>("select purge_expired() as done");
    done = step?.done ?? true;
  }
  const left = await rows(
    "select tenant_id, count(*)::integer as bulks from bulk_sends where tenant_id = any ($1) group by 1",
    [[short, long]],
  );
  expect(left).toHaveLength(2);
  expect(left).toContainEqual({ tenant_id: short, bulks: 1 });
  expect(left).toContainEqual({ tenant_id: long, bulks: 2 });
});
