import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AdvanceRequest, AttemptResult, EndpointProgress } from "../shared/database.ts";
import { rowsRead } from "../tests/support/rows-read.ts";
import { startTestDatabase, type TestDatabase } from "../tests/support/database.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await startTestDatabase();
});
afterAll(() => db.stop());

async function rows<Row = Record<string, unknown>>(sql: string, values: unknown[] = []) {
  return (await db.pool.query(sql, values)).rows as Row[];
}

async function addTenant(maxEndpoints = 20): Promise<string> {
  const tenantId = `t-${randomBytes(4).toString("hex")}`;
  await rows("insert into tenants (tenant_id, name, max_webhook_endpoints) values ($1, 'T', $2)", [
    tenantId,
    maxEndpoints,
  ]);
  return tenantId;
}

async function addEndpoint(tenantId: string, events: string[] | null = null): Promise<string> {
  const [endpoint] = await rows<{ id: string }>(
    `insert into webhook_endpoints (tenant_id, url, secret, events)
     values ($1, 'https://example.com/', 's', $2) returning id`,
    [tenantId, events],
  );
  return endpoint?.id ?? "";
}

async function emit(tenantId: string, count: number, type = "message.received") {
  const events = Array.from({ length: count }, (_, n) => ({
    tenant_id: tenantId,
    type,
    data: { n },
  }));
  await rows("select emit_events($1)", [JSON.stringify(events)]);
}

async function advance(
  endpointId: string,
  request: Partial<AdvanceRequest> = {},
): Promise<EndpointProgress> {
  const all: AdvanceRequest = {
    endpoint_id: endpointId,
    from_seq: null,
    to_seq: null,
    results: [],
    retry_results: [],
    failures: 0,
    succeeded: true,
    read_after: null,
    max_events: 100,
    max_bytes: 1_000_000,
    max_retries: 20,
    known_retries: [],
    ...request,
  };
  const [answer] = await rows<{ progress: EndpointProgress }>(
    `select advance_endpoint(
       r.endpoint_id, r.from_seq, r.to_seq, $1::jsonb -> 'results', $1::jsonb -> 'retry_results',
       r.failures, r.succeeded, r.read_after, r.max_events, r.max_bytes, r.max_retries,
       r.known_retries) as progress
     from jsonb_to_record($1::jsonb) as r(
       endpoint_id uuid, from_seq bigint, to_seq bigint, failures integer, succeeded boolean,
       read_after bigint, max_events integer, max_bytes integer, max_retries integer,
       known_retries uuid[])`,
    [JSON.stringify(all)],
  );
  return answer?.progress as EndpointProgress;
}

function result(seq: number, more: Partial<AttemptResult> = {}): AttemptResult {
  return {
    event_seq: seq,
    event_id: `evt_${seq.toString(16).padStart(32, "0")}`,
    event_type: "message.received",
    status: "delivered",
    retry_in_ms: null,
    status_code: 200,
    error: null,
    response: null,
    duration_ms: 3,
    ...more,
  };
}

const seqs = ({ events }: EndpointProgress) => events.map(({ seq }) => seq);

test("a new endpoint receives what happens after it, and an event writes no delivery", async () => {
  const tenantId = await addTenant();
  await emit(tenantId, 2);
  const endpoint = await addEndpoint(tenantId);
  await emit(tenantId, 3);
  expect(await rows("select from webhook_deliveries where tenant_id = $1", [tenantId])).toEqual([]);
  const first = await advance(endpoint);
  expect(first).toMatchObject({ cursor_seq: 2, last_seq: 5, read_to: 5, enabled: true });
  expect(seqs(first)).toEqual([3, 4, 5]);
});

test("many results are stored in one call, and once when the call is repeated", async () => {
  const tenantId = await addTenant();
  const endpoint = await addEndpoint(tenantId);
  await emit(tenantId, 5);
  const results = [1, 2, 3].map((seq) => result(seq));
  await advance(endpoint, { from_seq: 0, to_seq: 3, results });
  const again = await advance(endpoint, {
    from_seq: 0,
    to_seq: 4,
    results: [...results, result(4)],
    read_after: 4,
  });
  expect(again).toMatchObject({ cursor_seq: 4 });
  expect(seqs(again)).toEqual([5]);
  expect(
    await rows("select event_seq::int from webhook_deliveries where endpoint_id = $1 order by id", [
      endpoint,
    ]),
  ).toEqual([1, 2, 3, 4].map((event_seq) => ({ event_seq })));
});

test("results of a cursor that was moved meanwhile change nothing", async () => {
  const tenantId = await addTenant();
  const endpoint = await addEndpoint(tenantId);
  await emit(tenantId, 9);
  await rows("update webhook_endpoints set cursor_seq = 7 where id = $1", [endpoint]);
  const answer = await advance(endpoint, { from_seq: 0, to_seq: 1, results: [result(1)] });
  expect(answer.cursor_seq).toBe(7);
  expect(await rows("select from webhook_deliveries where endpoint_id = $1", [endpoint])).toEqual(
    [],
  );
});

test("a page ends at its number of events and at its bytes, but has one event at least", async () => {
  const tenantId = await addTenant();
  const endpoint = await addEndpoint(tenantId);
  await emit(tenantId, 9);
  const few = await advance(endpoint, { max_events: 4 });
  expect([seqs(few), few.read_to]).toEqual([[1, 2, 3, 4], 4]);
  const small = await advance(endpoint, { max_bytes: 20 });
  expect([seqs(small), small.read_to]).toEqual([[1, 2], 2]);
  const tiny = await advance(endpoint, { max_bytes: 1, read_after: 2 });
  expect([seqs(tiny), tiny.read_to]).toEqual([[3], 3]);
  const none = await advance(endpoint, { max_events: 0, read_after: 3 });
  expect([seqs(none), none.read_to]).toEqual([[], 3]);
});

test("the events that an endpoint does not receive are passed over in bounded steps", async () => {
  const tenantId = await addTenant();
  const endpoint = await addEndpoint(tenantId, ["message.failed"]);
  await emit(tenantId, 4_500);
  await emit(tenantId, 1, "message.failed");
  const steps: number[] = [];
  let progress = await advance(endpoint);
  for (steps.push(progress.read_to); progress.events.length === 0; steps.push(progress.read_to)) {
    progress = await advance(endpoint, { read_after: progress.read_to });
  }
  expect(steps).toEqual([2_000, 4_000, 4_501]);
  expect(seqs(progress)).toEqual([4_501]);
});

test("events past their retention are passed over at once", async () => {
  const tenantId = await addTenant();
  const endpoint = await addEndpoint(tenantId);
  await emit(tenantId, 10);
  await rows("delete from events where tenant_id = $1 and seq <= 8", [tenantId]);
  expect(seqs(await advance(endpoint))).toEqual([9, 10]);
  await rows("delete from events where tenant_id = $1", [tenantId]);
  expect(await advance(endpoint)).toMatchObject({ events: [], read_to: 10 });
});

test("a failed delivery is due again after its delay, and stored once", async () => {
  const tenantId = await addTenant();
  const endpoint = await addEndpoint(tenantId);
  await emit(tenantId, 1);
  const failed = { status: "pending", status_code: 500, error: "no", retry_in_ms: 60_000 } as const;
  const waiting = await advance(endpoint, {
    from_seq: 0,
    to_seq: 1,
    results: [result(1, failed)],
    failures: 1,
  });
  expect(waiting.retries).toEqual([]);
  const dueInMs = Date.parse(waiting.next_retry_at ?? "") - Date.now();
  expect(dueInMs).toBeGreaterThan(50_000);
  expect(dueInMs).toBeLessThan(61_000);

  await rows("update webhook_deliveries set next_attempt_at = now() where endpoint_id = $1", [
    endpoint,
  ]);
  const due = await advance(endpoint);
  expect(due.retries).toMatchObject([{ attempt: 2, event: { seq: 1 } }]);
  const id = due.retries[0]?.id ?? "";
  expect((await advance(endpoint, { known_retries: [id] })).retries).toEqual([]);
  const success = { ...result(1), id, attempt: 2 };
  await advance(endpoint, { retry_results: [success] });
  await advance(endpoint, { retry_results: [{ ...success, attempt: 2, status: "dead" }] });
  expect(
    await rows("select status, attempts from webhook_deliveries where endpoint_id = $1", [
      endpoint,
    ]),
  ).toEqual([{ status: "delivered", attempts: 2 }]);
});

test("the status 410 switches an endpoint off at once, with an event, until it is enabled", async () => {
  const tenantId = await addTenant();
  const endpoint = await addEndpoint(tenantId);
  await emit(tenantId, 2);
  const gone = result(1, { status: "dead", status_code: 410 });
  const answer = await advance(endpoint, { from_seq: 0, to_seq: 1, results: [gone], failures: 1 });
  expect(answer.enabled).toBe(false);
  expect(
    await rows("select type, data from events where tenant_id = $1 order by seq desc limit 1", [
      tenantId,
    ]),
  ).toEqual([
    {
      type: "webhook.disabled",
      data: { endpoint_id: endpoint, url: "https://example.com/", reason: "gone" },
    },
  ]);
  await rows("update webhook_endpoints set enabled = true where id = $1", [endpoint]);
  const [row] = await rows("select * from webhook_endpoints where id = $1", [endpoint]);
  expect(row).toMatchObject({ disabled_reason: null, disabled_at: null, failures: 0 });
  // It goes on where it was.
  expect(seqs(await advance(endpoint))).toEqual([2, 3]);
});

test("an endpoint that failed for three days is switched off when a delivery dies", async () => {
  const tenantId = await addTenant();
  const endpoint = await addEndpoint(tenantId);
  await emit(tenantId, 3);
  const dead = (seq: number) => ({
    from_seq: seq - 1,
    to_seq: seq,
    results: [result(seq, { status: "dead", status_code: 500 })],
    succeeded: false,
  });
  expect(await advance(endpoint, { ...dead(1), failures: 4 })).toMatchObject({ enabled: true });
  await rows(
    "update webhook_endpoints set failing_since = now() - interval '73 hours' where id = $1",
    [endpoint],
  );
  expect(await advance(endpoint, { ...dead(2), failures: 8 })).toMatchObject({ enabled: false });
  expect(
    await rows("select disabled_reason from webhook_endpoints where id = $1", [endpoint]),
  ).toEqual([{ disabled_reason: "failing" }]);
});

test("a success ends the time that an endpoint counts as failing", async () => {
  const tenantId = await addTenant();
  const endpoint = await addEndpoint(tenantId);
  await emit(tenantId, 3);
  const since = async () =>
    (
      await rows<{ since: number | null }>(
        "select extract(epoch from now() - failing_since)::float8 as since from webhook_endpoints where id = $1",
        [endpoint],
      )
    )[0]?.since;
  const report = (seq: number, failures: number, succeeded: boolean) =>
    advance(endpoint, {
      from_seq: seq - 1,
      to_seq: seq,
      results: [result(seq)],
      failures,
      succeeded,
    });
  await report(1, 1, false);
  await rows(
    "update webhook_endpoints set failing_since = now() - interval '1 hour' where id = $1",
    [endpoint],
  );
  await report(2, 1, true);
  expect(await since()).toBeLessThan(60);
  await report(3, 0, true);
  expect(await since()).toBeNull();
});

test("the sweep finds endpoints that are behind or have retries due, and no others", async () => {
  const [behind, due, done, off] = [
    await addTenant(),
    await addTenant(),
    await addTenant(),
    await addTenant(),
  ];
  const endpoints: string[] = [];
  for (const tenantId of [behind, due, done, off]) endpoints.push(await addEndpoint(tenantId));
  for (const tenantId of [behind, due, done, off]) await emit(tenantId, 2);
  const dueIn = (retry_in_ms: number) =>
    result(2, { status: "pending", retry_in_ms, status_code: 500 });
  await advance(endpoints[1] ?? "", { from_seq: 0, to_seq: 2, results: [dueIn(0)] });
  await advance(endpoints[2] ?? "", { from_seq: 0, to_seq: 2, results: [dueIn(60_000)] });
  await rows("update webhook_endpoints set enabled = false where id = $1", [endpoints[3]]);
  const found = await rows<{ endpoint_id: string; last_seq: string }>(
    `select * from find_due_endpoints(
       array(select generate_series(0, 15)::smallint), '00000000-0000-0000-0000-000000000000', 1000)`,
  );
  const ids = found.map(({ endpoint_id }) => endpoint_id).filter((id) => endpoints.includes(id));
  expect(ids).toEqual([endpoints[0], endpoints[1]]);
});

test("the 21st endpoint of a tenant is refused with what to do, by plain SQL too", async () => {
  const tenantId = await addTenant();
  for (let n = 0; n < 20; n++) await addEndpoint(tenantId);
  await expect(addEndpoint(tenantId)).rejects.toMatchObject({
    code: "54000",
    message: `Tenant ${tenantId} already has 20 webhook endpoints, which is its limit`,
    hint: "Delete an endpoint, or raise max_webhook_endpoints of the tenant.",
  });
});

test("endpoints that are added at the same time count each other", async () => {
  const tenantId = await addTenant(3);
  const added = await Promise.allSettled(Array.from({ length: 8 }, () => addEndpoint(tenantId)));
  expect(added.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
});

test("the URL of the default endpoint can be changed when the tenant is at its limit", async () => {
  const tenantId = await addTenant(1);
  for (const url of ["https://a.example/", "https://b.example/"]) {
    await rows("update tenants set webhook_url = $2 where tenant_id = $1", [tenantId, url]);
  }
  expect(await rows("select url from webhook_endpoints where tenant_id = $1", [tenantId])).toEqual([
    { url: "https://b.example/" },
  ]);
});

test("a range of events and dead deliveries are replayed within the tenant only", async () => {
  const [tenantId, other] = [await addTenant(), await addTenant()];
  const endpoint = await addEndpoint(tenantId, ["message.received"]);
  await emit(tenantId, 4);
  await emit(tenantId, 1, "message.failed");
  await advance(endpoint, {
    from_seq: 0,
    to_seq: 3,
    results: [result(1), result(2, { status: "dead" }), result(3)],
  });
  const replay = async (owner: string, from: number, to: number) =>
    (await rows("select replay_events($1, $2, $3, $4) as n", [owner, endpoint, from, to]))[0]?.[
      "n"
    ];
  expect(await replay(other, 1, 9)).toBe(0);
  // Events 4 and 5 are after the cursor.
  expect(await replay(tenantId, 2, 9)).toBe(2);
  const replayDead = async (owner: string) =>
    (await rows("select replay_dead($1, $2, 100) as n", [owner, endpoint]))[0]?.["n"];
  expect(await replayDead(other)).toBe(0);
  expect(await replayDead(tenantId)).toBe(1);
  expect(await replayDead(tenantId)).toBe(0);
  const { retries } = await advance(endpoint);
  expect(retries.map(({ attempt, event }) => [attempt, event?.seq])).toEqual([
    [1, 2],
    [1, 3],
    [1, 2],
  ]);
});

test("every call reads a bounded number of rows, also with statistics from before the backlog", async () => {
  await rows("analyze");
  const tenants = await Promise.all(Array.from({ length: 50 }, () => addTenant()));
  const endpoints = await Promise.all(tenants.map((tenantId) => addEndpoint(tenantId)));
  await emit(tenants[0] ?? "", 20_000);
  await rows(
    `insert into webhook_deliveries (tenant_id, endpoint_id, event_seq, event_id, event_type, status,
       attempts, next_attempt_at)
     select w.tenant_id, w.id, n, uuid_v7(), 'message.received',
            case when n % 10 = 0 then 'pending' else 'delivered' end, 1,
            case when n % 10 = 0 then now() - interval '1 hour' end
     from webhook_endpoints w, generate_series(1, 2000) n where w.id = any ($1)`,
    [endpoints],
  );
  const readBy = async (sql: string, values: unknown[]) =>
    (await rowsRead(db.pool, { sql, values })).read;
  // 100 events, each looked at a few times on its way; 20 retries with their events.
  expect(
    await readBy(
      "select advance_endpoint($1, 0, 1, '[]', '[]', 0, true, 10000, 100, 1000000, 20, '{}')",
      [endpoints[0]],
    ),
  ).toBeLessThan(2_000);
  // A few index look-ups for each of the endpoints.
  expect(
    await readBy("select * from find_due_endpoints($1, $2, 500)", [
      Array.from({ length: 16 }, (_, bucket) => bucket),
      "00000000-0000-0000-0000-000000000000",
    ]),
  ).toBeLessThan(1_000);
});
