import { createHash } from "node:crypto";
import type { Operation } from "./time-operation.ts";

/** The tenant whose operations are timed. It has as much data in both databases. */
const tenant = "tenant-1";
const session = uuidOf("session 1-0");
const connector = uuidOf("connector 0");
const endpoint = uuidOf("endpoint 1");
const chat = "393330000007@s.whatsapp.net";
const freeConnector = "00000000-0000-7000-8000-000000000001";

/** The id that fillDatabase gives: the MD5 of a name. */
function uuidOf(name: string): string {
  return createHash("md5")
    .update(name)
    .digest("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

const commit = (items: string) => `
  select public.commit_writes('${connector}', jsonb_build_object(
    'sessions', jsonb_build_array(jsonb_build_object('uid', '${session}', 'epoch', 1)),
    'items', jsonb_build_array(${items})))`;
const sendItem = `jsonb_build_object(
  'kind', 'send', 'uid', '${session}', 'id', public.uuid_v7(), 'wa_message_id', '3EB0NEW',
  'chat_id', '${chat}', 'phone', '393330000007', 'type', 'text', 'text', 'Hello', 'content', 'AAAA',
  'idempotency_key', 'new', 'request_hash', repeat('a', 64))`;

const page = (filters: Record<string, string>, ofSession = false) => {
  const of = (name: string) => filters[name] ?? "null";
  return `select public.message_page('${tenant}', ${ofSession ? `'${session}'` : "null"}, ${of("chat")},
    ${of("status")}, ${of("direction")}, ${of("from")}, ${of("before")}, null, false, 50, 0)`;
};
const pages: [name: string, filters: Record<string, string>][] = [
  ["no filter", {}],
  ["chat", { chat: `'${chat}'` }],
  ["direction", { direction: "'out'" }],
  ["chat, direction", { chat: `'${chat}'`, direction: "'out'" }],
  ["status=READ", { status: "'READ'" }],
  ["status=FAILED", { status: "'FAILED'" }],
  ["status=QUEUED (none)", { status: "'QUEUED'" }],
  ["chat, status=FAILED", { chat: `'${chat}'`, status: "'FAILED'" }],
  [
    "since, until",
    {
      from: "public.uuid_v7_floor(now() - interval '5 days')",
      before: "public.uuid_v7_floor(now() - interval '2 days')",
    },
  ],
];

const deliver = (results: string, retries: number) => `
  select public.advance_endpoint('${endpoint}', 100, ${results === "'[]'" ? 100 : 150}, ${results}, '[]', 0,
    true, null, 100, 1000000, ${retries}, '{}')`;
const fiftyResults = `(
  select jsonb_agg(jsonb_build_object('event_seq', n,
    'event_id', 'evt_' || replace(gen_random_uuid()::text, '-', ''), 'event_type', 'message.sent',
    'status', 'delivered', 'retry_in_ms', null, 'status_code', 200, 'error', null,
    'response', null, 'duration_ms', 20))
  from generate_series(101, 150) n)`;
const waitForDelivery = `update public.webhook_endpoints set cursor_seq = 100 where id = '${endpoint}'`;

/** What is timed in a database with one tenant and in the filled one. */
export const operations: Operation[] = [
  {
    name: "authenticate a key",
    sql: `select * from public.authenticate(md5('1') || md5('1'))`,
  },
  {
    name: "locate a session",
    sql: `select * from public.locate_session('${tenant}', 'session-0')`,
  },
  {
    name: "claim 5 sessions",
    prepare: `
      insert into public.connectors (id, url, networks, capacity, lease_expires_at)
        values ('${freeConnector}', 'http://new', '{sandbox}', 500, 'infinity');
      update public.whatsapp_sessions set connector_id = null
        where tenant_id = '${tenant}' and session_id >= 'session-5'`,
    sql: `select * from public.claim_sessions('${freeConnector}', 5)`,
  },
  {
    name: "claim, nothing free",
    sql: `select * from public.claim_sessions('${connector}', 20)`,
  },
  {
    name: "create a session",
    sql: `select * from public.create_session('${tenant}', 'new', 'New', null, 'sandbox')`,
  },
  ...pages.flatMap(([name, filters]) => [
    { name: `page of a tenant, ${name}`, sql: page(filters) },
    { name: `page of a session, ${name}`, sql: page(filters, true) },
  ]),
  {
    name: "insert by plain SQL",
    sql: `insert into public.messages (session_id, phone_number, message, status)
      values ('${tenant}_session-0', '393331234567', 'Hello', 'QUEUED')`,
  },
  { name: "store an intent to send", sql: commit(sendItem) },
  {
    name: "store an incoming message",
    sql: commit(`jsonb_build_object(
      'kind', 'message', 'uid', '${session}', 'id', public.uuid_v7(), 'wa_message_id', '3EB0IN',
      'chat_id', '${chat}', 'phone', '393330000007', 'type', 'text', 'text', 'Hello',
      'content', 'AAAA', 'direction', 'in', 'source', 'contact', 'status', 'RECEIVED',
      'at', now())`),
  },
  {
    name: "store a receipt",
    prepare: `update public.messages set status = 'SENT' where id = (
      select id from public.messages where session_uid = '${session}' and direction = 'out'
      order by id desc limit 1)`,
    sql: commit(`jsonb_build_object(
      'kind', 'receipt', 'uid', '${session}', 'status', 'READ', 'at', now(), 'wa_message_id', (
        select wa_message_id from public.messages
        where session_uid = '${session}' and direction = 'out' order by id desc limit 1))`),
  },
  {
    name: "the drip queues of 10 sessions",
    prepare: `
      insert into public.connectors (id, url, networks, capacity, lease_expires_at)
        values ('${freeConnector}', 'http://new', '{sandbox}', 500, 'infinity');
      update public.whatsapp_sessions set connector_id = '${freeConnector}'
        where tenant_id = '${tenant}'`,
    sql: `select public.load_drip_heads('${freeConnector}',
      '{"send_interval_ms": 20000, "max_queue_attempts": 4, "poll_interval_ms": 10000}')`,
  },
  {
    name: "read 100 events",
    sql: `select * from public.event_resources where tenant_id = '${tenant}' and seq > 100
      order by seq limit 100`,
  },
  {
    name: "take 100 events and due retries to deliver",
    prepare: waitForDelivery,
    sql: deliver("'[]'", 50),
  },
  {
    name: "store 50 deliveries",
    prepare: `${waitForDelivery};
      delete from public.webhook_deliveries where tenant_id = '${tenant}' and event_seq between 101 and 150`,
    sql: deliver(fiftyResults, 50),
  },
  {
    name: "list 50 deliveries",
    sql: `select * from public.webhook_delivery_resources where tenant_id = '${tenant}'
      and endpoint_id = '${endpoint}' order by id desc limit 50`,
  },
  {
    name: "list 50 dead deliveries",
    sql: `select * from public.webhook_delivery_resources where tenant_id = '${tenant}'
      and endpoint_id = '${endpoint}' and status = 'dead' order by id desc limit 50`,
  },
  {
    name: "stats of a day",
    sql: `select public.tenant_stats('${tenant}', date_trunc('hour', now()) - interval '1 day', now(), 'hour')`,
  },
  {
    name: "stats of 30 days",
    sql: `select public.tenant_stats('${tenant}', date_trunc('day', now()) - interval '30 days', now(), 'day')`,
  },
  {
    name: "purge a tenant, nothing expired",
    sql: `select public.purge_tenant(t, 2000) from public.tenants t where t.tenant_id = '${tenant}'`,
  },
  {
    name: "purge a tenant, 3 days of events and messages",
    prepare: `update public.tenants set event_retention_days = 4, message_retention_days = 27
      where tenant_id = '${tenant}'`,
    sql: `select public.purge_tenant(t, 2000) from public.tenants t where t.tenant_id = '${tenant}'`,
  },
];
