import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Message } from "../../shared/message.ts";
import type { Bulk, QueueEntry } from "../../shared/queue.ts";
import { call, type Tenant } from "../support/api.ts";
import { adminKey, type ControlPlane, startControlPlane } from "./start-control-plane.ts";
import { addTenant } from "./tenants.ts";

let plane: ControlPlane;
let tenant: Tenant;
beforeAll(async () => {
  plane = await startControlPlane({ QUEUE_MAX_RETRIES: "5" });
});
afterAll(() => plane.stop());

beforeEach(async () => {
  tenant = await addTenant(plane);
  await tenant.post("/tenant/sessions", { session_id: "main" });
});

function patch(path: string, body: object, headers: Record<string, string> = tenant.headers) {
  return call("PATCH", plane.url + path, { headers, body });
}

function changeTenant(body: object) {
  return patch(`/admin/tenants/${tenant.id}`, body, { "X-Admin-Key": adminKey });
}

const settingsPath = "/session/main/queue/settings";

test("the pace is that of the session, else of the tenant, else of the installation", async () => {
  const ofInstallation = await tenant.get(settingsPath);
  expect(ofInstallation.body).toEqual({
    send_interval_ms: null,
    max_messages_per_minute: null,
    poll_interval_ms: null,
    max_retries: null,
    effective: { interval_ms: 20_000, poll_interval_ms: 10_000, max_retries: 5 },
    warning: null,
  });

  const ofTenant = await changeTenant({ send_interval_ms: 30_000, poll_interval_ms: 5000 });
  expect(ofTenant.body).toMatchObject({ send_interval_ms: 30_000, warning: null });
  expect((await tenant.get(settingsPath)).body).toMatchObject({
    effective: { interval_ms: 30_000, poll_interval_ms: 5000, max_retries: 5 },
  });

  const ofSession = await patch(settingsPath, { max_messages_per_minute: 6, max_retries: 0 });
  expect(ofSession).toMatchObject({
    status: 200,
    body: {
      max_messages_per_minute: 6,
      effective: { interval_ms: 10_000, poll_interval_ms: 5000, max_retries: 0 },
    },
  });
  const slower = await patch(settingsPath, { send_interval_ms: 15_000 });
  expect(slower.body).toMatchObject({ effective: { interval_ms: 15_000 } });
  const reset = await patch(settingsPath, {
    send_interval_ms: null,
    max_messages_per_minute: null,
  });
  expect(reset.body).toMatchObject({ effective: { interval_ms: 30_000, max_retries: 0 } });
});

test("above 10 messages a minute the answer carries a warning", async () => {
  const warning = expect.stringContaining("More than 10 messages a minute");
  expect((await patch(settingsPath, { max_messages_per_minute: 10 })).body).toMatchObject({
    warning: null,
  });
  expect((await patch(settingsPath, { max_messages_per_minute: 11 })).body).toMatchObject({
    warning,
  });
  expect((await tenant.get(settingsPath)).body).toMatchObject({ warning });
  expect((await changeTenant({ send_interval_ms: 5999 })).body).toMatchObject({ warning });
  expect((await changeTenant({ send_interval_ms: 6000 })).body).toMatchObject({ warning: null });
});

test.each([
  [{ send_interval_ms: -1 }, "send_interval_ms"],
  [{ max_messages_per_minute: 0 }, "max_messages_per_minute"],
  [{ poll_interval_ms: 1 }, "poll_interval_ms"],
  [{ max_retries: 1.5 }, "max_retries"],
  [{}, ""],
])("the settings %o are refused", async (body, field) => {
  expect(await patch(settingsPath, body)).toMatchObject({
    status: 422,
    body: { errors: [{ field }] },
  });
});

test("another tenant neither reads nor changes them", async () => {
  const other = await addTenant(plane);
  expect((await other.get(settingsPath)).status).toBe(404);
  expect((await patch(settingsPath, { max_retries: 1 }, other.headers)).status).toBe(404);
});

const to = "393331234567";

function send(body: object, headers: Record<string, string> = {}) {
  return tenant.post<Queued>("/session/main/send", { to, message: "hi", ...body }, headers);
}

type Queued = Message & { queue: QueueEntry | null; errors: { field: string; detail: string }[] };
type Queue = {
  length: number;
  scheduled: number;
  paused: boolean;
  paused_reason: string | null;
  data: Queued[];
  next_cursor: string | null;
};

/** Makes the session look connected, by a connector that never sends. */
async function connect(): Promise<void> {
  await plane.sql.query(
    `with owner as (
       insert into connectors (id, url, networks, capacity, lease_expires_at)
       values (gen_random_uuid(), 'http://127.0.0.1:1', '{sandbox}', 1, now() + interval '1 hour')
       returning id)
     update whatsapp_sessions s set connector_id = owner.id, state = 'connected', phone = '39300'
     from owner where s.tenant_id = $1`,
    [tenant.id],
  );
}

async function events(type: string): Promise<Record<string, unknown>[]> {
  const { rows } = await plane.sql.query<{ data: Record<string, unknown> }>(
    "select data from events where tenant_id = $1 and type = $2 order by seq",
    [tenant.id, type],
  );
  return rows.map(({ data }) => data);
}

test("a message is queued while its session is not connected, with an event", async () => {
  const { status, body } = await send({ queue: true });
  expect(status).toBe(202);
  expect(body).toMatchObject({
    status: "QUEUED",
    source: "queue",
    phone: to,
    text: "hi",
    queue: { position: 1, estimated_send_at: null, send_at: null, expires_at: null, priority: 0 },
  });
  expect((await events("message.queued")).map(({ id }) => id)).toEqual([body.id]);
});

test("the answer estimates when the message goes", async () => {
  await connect();
  const first = await send({ queue: true });
  const second = await send({ queue: true, message: "second" });
  const urgent = await send({ queue: true, message: "urgent", to: "393330000001", priority: 5 });
  const [one, two, three] = [first, second, urgent].map(({ body }) =>
    Date.parse(body.queue?.estimated_send_at ?? ""),
  );
  expect((two ?? 0) - (one ?? 0)).toBeGreaterThan(19_000);
  expect((two ?? 0) - (one ?? 0)).toBeLessThan(25_000);
  expect(urgent.body.queue?.position).toBe(1);
  expect(three).toBeLessThan(two ?? 0);
});

test("an idempotency key queues one message", async () => {
  const key = { "Idempotency-Key": "once" };
  const first = await send({ queue: true }, key);
  const again = await send({ queue: true }, key);
  expect(again.body.id).toBe(first.body.id);
  expect(again.headers.get("idempotent-replayed")).toBe("true");
  expect((await send({ queue: true, message: "other" }, key)).status).toBe(422);
  expect((await send({ queue: true, priority: 1 }, key)).status).toBe(422);
  const { body } = await tenant.get<Queue>("/session/main/queue");
  expect(body.length).toBe(1);
  expect(await events("message.queued")).toHaveLength(1);
});

test.each([
  [{ priority: 1 }, "priority"],
  [{ send_at: "2026-12-24T18:00:00Z" }, "send_at"],
  [{ queue: true, send_at: "tomorrow" }, "send_at"],
  [{ queue: true, send_at: "2126-12-24T18:00:00Z" }, "send_at"],
  [{ queue: true, expires_at: "2020-12-24T18:00:00Z" }, "expires_at"],
  [{ queue: true, priority: 11 }, "priority"],
  [{ queue: "perhaps" }, "queue"],
  [{ queue: true, to: "nobody" }, "to"],
])("%o is refused with 422 that names %s, and nothing is queued", async (body, field) => {
  const refused = await send(body);
  expect(refused.status).toBe(422);
  expect(refused.body.errors.map((error) => error.field)).toEqual([field]);
  const queue = await tenant.get<Queue>("/session/main/queue");
  expect(queue.body.length).toBe(0);
});

test("a queued message can be cancelled, and no other", async () => {
  const { body } = await send({ queue: true });
  const path = `/session/main/messages/${body.id}`;
  const other = await addTenant(plane);
  await other.post("/tenant/sessions", { session_id: "main" });
  expect((await other.delete(path)).status).toBe(404);
  expect(await tenant.delete(path)).toMatchObject({
    status: 200,
    body: { id: body.id, status: "FAILED", error: { code: "cancelled" } },
  });
  expect((await events("message.failed")).map(({ id }) => id)).toEqual([body.id]);
  const again = await tenant.delete(path);
  expect(again).toMatchObject({ status: 409, body: { code: "not_queued" } });
  expect(JSON.stringify(again.body)).toContain("FAILED (cancelled)");
  expect((await tenant.delete("/session/main/messages/nothing")).status).toBe(404);
});

test("the queue is shown in its order, page by page, with scheduled messages last", async () => {
  await connect();
  const later = new Date(Date.now() + 3_600_000).toISOString();
  await send({ queue: true, message: "at six", send_at: later });
  for (const number of [1, 2, 3, 4]) await send({ queue: true, message: `plain ${number}` });
  await send({ queue: true, message: "first", to: "393330000001", priority: 3 });

  const texts: (string | null)[] = [];
  const positions: (number | null | undefined)[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const query: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await tenant.get<Queue>(`/session/main/queue?limit=2${query}`);
    expect(page.body).toMatchObject({ length: 6, scheduled: 1, paused: false });
    texts.push(...page.body.data.map(({ text }) => text));
    positions.push(...page.body.data.map(({ queue }) => queue?.position));
    cursor = page.body.next_cursor;
  }
  expect(texts).toEqual(["first", "plain 1", "plain 2", "plain 3", "plain 4", "at six"]);
  expect(positions).toEqual([1, 2, 3, 4, 5, null]);
  expect((await tenant.get("/session/main/queue?cursor=abc")).status).toBe(422);
  expect((await tenant.get("/session/absent/queue")).status).toBe(404);
});

test("a queue can be paused and resumed, and says why it stands", async () => {
  await send({ queue: true });
  const disconnected = await tenant.get<Queue>("/session/main/queue");
  expect(disconnected.body).toMatchObject({ paused: true, paused_reason: "session_not_connected" });
  await connect();
  expect((await tenant.post("/session/main/queue/pause")).body).toEqual({ paused: true });
  const paused = await tenant.get<Queue>("/session/main/queue");
  expect(paused.body).toMatchObject({
    paused: true,
    paused_reason: "requested",
    paused_at: expect.any(String),
    data: [{ queue: { position: 1, estimated_send_at: null } }],
  });
  await tenant.post("/session/main/queue/resume");
  const resumed = await tenant.get<Queue>("/session/main/queue");
  expect(resumed.body).toMatchObject({ paused: false, paused_reason: null });
  expect((await tenant.post("/session/absent/queue/pause")).status).toBe(404);
});

test("a tenant has no more queued messages than it may, by API and by SQL; others are not affected", async () => {
  await changeTenant({ max_queued_messages: 2 });
  await send({ queue: true, message: "1" });
  await send({ queue: true, message: "2" });
  expect(await send({ queue: true, message: "3" })).toMatchObject({
    status: 409,
    body: { code: "quota_exceeded" },
  });
  await expect(
    plane.sql.query(
      `INSERT INTO messages (phone_number, message, status, platform, session_id)
       VALUES ('393331234567', 'x', 'QUEUED', 'WHATSAPP', $1)`,
      [`${tenant.id}_main`],
    ),
  ).rejects.toThrow(/may have 2 queued messages/);
  const other = await addTenant(plane);
  await other.post("/tenant/sessions", { session_id: "main" });
  const queued = await other.post("/session/main/send", { to, message: "hi", queue: true });
  expect(queued.status).toBe(202);
});

type BulkAnswer = Bulk & { estimated_end_at: string | null; errors: { field: string }[] };

function recipients(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    to: `39333${String(1_000_000 + index)}`,
    variables: { name: `No ${index}` },
  }));
}

test("a bulk queues its text for each recipient, once, in order", async () => {
  const body = { message: "Hello {{name}}", recipients: recipients(1000) };
  const key = { "Idempotency-Key": "bulk" };
  const sent = await tenant.post<BulkAnswer>("/session/main/send-bulk", body, key);
  expect(sent.status).toBe(202);
  expect(sent.body).toMatchObject({ total: 1000, by_status: { QUEUED: 1000 }, done: false });
  const again = await tenant.post<BulkAnswer>("/session/main/send-bulk", body, key);
  expect(again.body.id).toBe(sent.body.id);
  expect(again.headers.get("idempotent-replayed")).toBe("true");

  const { rows } = await plane.sql.query<{ message: string }>(
    "select message from messages where tenant_id = $1 order by id",
    [tenant.id],
  );
  expect(rows.map(({ message }) => message)).toEqual(
    body.recipients.map(({ variables }) => `Hello ${variables.name}`),
  );
});

test("a bulk with wrong recipients queues nothing and lists them", async () => {
  const sent = await tenant.post<BulkAnswer>("/session/main/send-bulk", {
    message: "Hello {{name}} of {{city}}",
    recipients: [
      { to: "393331234567", variables: { name: "Ada", city: "Rome" } },
      { to: "393331234568", variables: { name: "Ben" } },
      { to: "+39 333 1234567", variables: { name: "Ada", city: "Rome" } },
    ],
  });
  expect(sent.status).toBe(422);
  expect(sent.body.errors.map(({ field }) => field)).toEqual([
    "recipients.1.variables.city",
    "recipients.2",
  ]);
  const malformed = await tenant.post<BulkAnswer>("/session/main/send-bulk", {
    message: "Hello",
    recipients: [{ to: "393331234567" }, { to: "nobody" }, { to: 5 }],
  });
  expect(malformed.body.errors.map(({ field }) => field)).toEqual([
    "recipients.1.to",
    "recipients.2.to",
  ]);
  const many = { message: "Hello", recipients: recipients(1001) };
  expect((await tenant.post("/session/main/send-bulk", many)).status).toBe(422);
  expect((await tenant.get<Queue>("/session/main/queue")).body.length).toBe(0);
});

test("what is left of a bulk can be cancelled, by its tenant alone", async () => {
  const sent = await tenant.post<BulkAnswer>("/session/main/send-bulk", {
    message: "Hello {{name}}",
    recipients: recipients(5),
  });
  await plane.sql.query(
    `update messages set status = 'SENT' where id = (
       select id from messages where bulk_id = $1 order by id limit 1)`,
    [sent.body.id],
  );
  const path = `/session/main/bulk/${sent.body.id}`;
  const other = await addTenant(plane);
  await other.post("/tenant/sessions", { session_id: "main" });
  expect((await other.get(path)).status).toBe(404);
  expect((await other.delete(path)).status).toBe(404);
  expect(await tenant.get(path)).toMatchObject({
    status: 200,
    body: { total: 5, by_status: { QUEUED: 4, SENT: 1 }, done: false, cancelled_at: null },
  });
  expect(await tenant.delete(path)).toMatchObject({
    status: 200,
    body: { by_status: { FAILED: 4, SENT: 1 }, done: true, cancelled_at: expect.any(String) },
  });
  expect(await events("message.failed")).toHaveLength(4);
  expect((await tenant.get("/session/main/bulk/nothing")).status).toBe(404);
});
