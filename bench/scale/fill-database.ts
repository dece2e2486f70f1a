import type { ClientBase } from "pg";
import { progress } from "../support/table.ts";

/** How much data there is: `tenants` with ten sessions each, and `messages` of the last 30 days. */
export interface Size {
  tenants: number;
  messages: number;
  /** Only this one of the tenants and what is its own. */
  only?: number;
}

export const sessionsPerTenant = 10;
/** Every fortieth message is of the first tenant, and every fortieth tenant but the first has none. */
const busyShare = 40;
const messageDays = 30;
/** The default of tenants.event_retention_days. */
const eventDays = 7;
/** message.received of an incoming one, message.sent, .delivered and .read of an outgoing one. */
const eventsPerMessage = 2;
const sessionsPerConnector = 500;
const signalKeysPerSession = 20;

export function eventsOf({ messages }: Size): number {
  return Math.floor((messages * eventsPerMessage * eventDays) / messageDays);
}

const filledTables = [
  "messages",
  "events",
  "webhook_deliveries",
  "idempotency_keys",
  "message_counts",
  "delivery_counts",
  "api_calls",
  "signal_keys",
  "session_credentials",
];

/**
 * Replaces all data by tenants "tenant-0", "tenant-1", ... with sessions "session-0" to "session-9"
 * and what they have after a month: rows of all tenants interleaved, as time writes them. Triggers
 * and foreign keys are bypassed and indexes are created last; otherwise it would take hours.
 */
export async function fillDatabase(client: ClientBase, size: Size): Promise<void> {
  await client.query("truncate public.tenants, public.connectors cascade");
  // `truncate` empties the tables that refer to tenants; those without a reference are named.
  await client.query(`truncate ${filledTables.map((name) => `public.${name}`).join(", ")} cascade`);
  await client.query("set maintenance_work_mem = '512MB'");
  await client.query("set synchronous_commit = off");
  await client.query("set session_replication_role = replica");
  const indexes = await dropIndexes(client);
  const values = {
    tenants: size.tenants,
    only: size.only ?? "null",
    last: size.messages - 1,
    lastEvent: eventsOf(size) - 1,
  };
  for (const { name, sql } of steps) {
    progress(`${name} of ${size.tenants} tenants`);
    await client.query(
      sql.replaceAll(/(?<!:):(tenants|only|lastEvent|last)\b/g, (_, key: keyof typeof values) =>
        String(values[key]),
      ),
    );
  }
  progress(`${indexes.length} indexes`);
  for (const definition of indexes) await client.query(definition);
  await client.query("set session_replication_role = origin");
  progress("vacuum and analyze");
  await client.query("vacuum analyze");
  await client.query("checkpoint");
}

async function dropIndexes(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition
     from pg_index i
     where i.indrelid = any ($1::text[]::regclass[])
       and not exists (select from pg_constraint c where c.conindid = i.indexrelid)`,
    [["public.messages", "public.events", "public.webhook_deliveries"]],
  );
  for (const { name } of rows) await client.query(`drop index ${name}`);
  return rows.map((row) => row.definition);
}

/** A version 7 UUID of a moment; `seed` makes it unique. Cheaper than uuid_v7_at() by far. */
const uuidAt = (moment: string, seed: string) =>
  `(lpad(to_hex((extract(epoch from ${moment}) * 1000)::bigint), 12, '0')
    || '7000' || '8' || substr(md5(${seed}), 1, 15))::uuid`;
const tenantUuid = (kind: string, key: string) => `md5('${kind} ' || ${key})::uuid`;
const owner = `case when n % ${busyShare} = 0 then 0 else n % :tenants end`;
const since = (days: number, last: string) =>
  `now() - interval '${days} days' * (1 - n::float8 / (${last} + 1))`;

const steps: { name: string; sql: string }[] = [
  {
    name: "tenants and sessions",
    sql: `
      insert into public.tenants (tenant_id, name)
        select 'tenant-' || n, 'Tenant ' || n from generate_series(0, :tenants - 1) n where coalesce(:only = n, true);
      insert into public.api_keys (tenant_id, network, key_hash, key_prefix)
        select 'tenant-' || n, 'sandbox', md5(n::text) || md5(n::text), 'sk_test_aaaa'
        from generate_series(0, :tenants - 1) n where coalesce(:only = n, true);
      insert into public.event_counters (tenant_id) select tenant_id from public.tenants;
      insert into public.connectors (id, url, networks, capacity, lease_expires_at)
        select ${tenantUuid("connector", "n")}, 'http://connector-' || n, '{sandbox}', 500, 'infinity'
        from generate_series(0, :tenants * ${sessionsPerTenant} / ${sessionsPerConnector}) n;
      insert into public.whatsapp_sessions
        (uid, tenant_id, session_id, name, network, state, phone, connector_id, epoch)
        select ${tenantUuid("session", "n || '-' || i")}, 'tenant-' || n, 'session-' || i,
          'Session', 'sandbox', 'connected', (393000000000 + n * ${sessionsPerTenant} + i)::text,
          ${tenantUuid("connector", `((n * ${sessionsPerTenant} + i) / ${sessionsPerConnector})`)}, 1
        from generate_series(0, :tenants - 1) n, generate_series(0, ${sessionsPerTenant - 1}) i
        where coalesce(:only = n, true);
      insert into public.session_credentials (session_uid, ciphertext)
        select uid, decode(repeat(md5(uid::text), 64), 'hex') from public.whatsapp_sessions;
      insert into public.signal_keys (session_uid, type, id, ciphertext)
        select uid, 'pre-key', n::text, decode(repeat(md5(uid::text), 8), 'hex')
        from public.whatsapp_sessions, generate_series(1, ${signalKeysPerSession}) n`,
  },
  {
    name: "messages",
    sql: `
      insert into public.messages (
        id, tenant_id, session_uid, session_id, direction, source, chat_id, phone_number, message,
        status, wa_message_id, content, created_at, sent_at, delivered_at, read_at)
      select ${uuidAt("v.moment", "n::text")}, 'tenant-' || v.tenant,
        ${tenantUuid("session", "v.tenant || '-' || v.session")}, 'session-' || v.session,
        case when v.is_in then 'in' else 'out' end,
        case when v.is_in then 'contact' else 'api' end,
        v.chat || '@s.whatsapp.net', v.chat,
        'Message number ' || n || '. ' || repeat('Some more words. ', (n % 7)::integer),
        case when v.is_in then 'RECEIVED' when n % 997 = 0 then 'FAILED' else 'READ' end,
        '3EB0' || upper(substr(md5(n::text), 1, 18)),
        convert_to('Message number ' || n || '. ' || repeat('Some more words. ', (n % 7)::integer)
          || md5(n::text) || md5(n::text), 'UTF8'),
        v.moment, case when not v.is_in then v.moment end,
        case when not v.is_in then v.moment end, case when not v.is_in then v.moment end
      from (
        select n, ${owner} as tenant, n / :tenants % ${sessionsPerTenant} as session,
          n / :tenants / ${sessionsPerTenant} % 2 = 0 as is_in,
          (393330000000 + n * 7919 % 97)::text as chat, ${since(messageDays, ":last")} as moment
        from generate_series(0::bigint, :last) n
        where coalesce(:only = ${owner}, true)
      ) v`,
  },
  {
    name: "events",
    sql: `
      insert into public.events
        (tenant_id, seq, id, type, session_uid, session_id, data, created_at)
      select 'tenant-' || v.tenant,
        case when v.tenant = 0 then n / ${busyShare} else n / :tenants end + 1,
        ${uuidAt("v.moment", "'event' || n")}, 'message.' || v.kind,
        ${tenantUuid("session", "v.tenant || '-' || v.session")}, 'session-' || v.session,
        jsonb_build_object(
          'id', ${uuidAt("v.moment", "n::text")}, 'session_id', 'session-' || v.session,
          'direction', 'out', 'source', 'api', 'chat_id', v.chat || '@s.whatsapp.net',
          'phone', v.chat, 'lid', null, 'participant', null, 'type', 'text',
          'text', 'Message number ' || n, 'message', 'Message number ' || n,
          'from', '393000000000', 'to', v.chat, 'media', null, 'status', 'READ',
          'wa_message_id', '3EB0' || upper(substr(md5(n::text), 1, 18)), 'error', null,
          'created_at', v.moment, 'sent_at', v.moment, 'delivered_at', v.moment,
          'read_at', v.moment),
        v.moment
      from (
        select n, ${owner} as tenant, n / :tenants % ${sessionsPerTenant} as session,
          (array['received', 'sent', 'delivered', 'read'])[n % 4 + 1] as kind,
          (393330000000 + n * 7919 % 97)::text as chat, ${since(eventDays, ":lastEvent")} as moment
        from generate_series(0::bigint, :lastEvent) n
        where coalesce(:only = ${owner}, true)
      ) v`,
  },
  {
    name: "webhook deliveries",
    sql: `
      update public.event_counters c set last_seq =
        coalesce((select max(e.seq) from public.events e where e.tenant_id = c.tenant_id), 0);
      insert into public.webhook_endpoints (id, tenant_id, url, secret, cursor_seq)
        select ${tenantUuid("endpoint", "substr(c.tenant_id, 8)")}, c.tenant_id,
          'http://127.0.0.1/', 'whsec_AAAA', c.last_seq
        from public.event_counters c;
      insert into public.webhook_deliveries (
        tenant_id, id, endpoint_id, event_seq, event_id, event_type, status, attempts,
        next_attempt_at, status_code, duration_ms, delivered_at, created_at)
      select 'tenant-' || v.tenant, ${uuidAt("v.moment", "'delivery' || n")},
        ${tenantUuid("endpoint", "v.tenant")},
        case when v.tenant = 0 then n / ${busyShare} else n / :tenants end + 1,
        ${uuidAt("v.moment", "'event' || n")}, 'message.sent', v.status, 1,
        case when v.status = 'pending' then now() + interval '1 hour' end,
        case when v.status = 'delivered' then 200 else 503 end, 20,
        case when v.status = 'delivered' then v.moment end, v.moment
      from (
        select n, ${owner} as tenant, ${since(eventDays, ":lastEvent")} as moment,
          case when n % 1009 = 0 then 'pending' when n % 1013 = 0 then 'dead'
            else 'delivered' end as status
        from generate_series(0::bigint, :lastEvent) n
        where coalesce(:only = ${owner}, true)
      ) v`,
  },
  {
    name: "usage and idempotency keys",
    sql: `
      insert into public.message_counts
        (tenant_id, hour, direction, type, received, sent, delivered, read, failed)
        select t.tenant_id, h, d.direction, 'text', d.received, 0, 0, 4 - d.received, 0
        from generate_series(date_trunc('day', now(), 'UTC') - interval '${messageDays} days',
          now(), '1 hour') h,
          public.tenants t, (values ('in', 4), ('out', 0)) d(direction, received)
        where extract(hour from h at time zone 'UTC') between 9 and 16;
      insert into public.delivery_counts (tenant_id, endpoint_id, hour, delivered, failed)
        select c.tenant_id, ${tenantUuid("endpoint", "substr(c.tenant_id, 8)")}, c.hour, 8, 0
        from public.message_counts c where c.direction = 'out';
      insert into public.api_calls (tenant_id, hour, calls, last_batch)
        select c.tenant_id, c.hour, 4, gen_random_uuid()
        from public.message_counts c where c.direction = 'out';
      insert into public.idempotency_keys (tenant_id, key, request_hash, message_id, created_at)
        select m.tenant_id, m.id::text, md5(m.id::text) || md5(m.id::text), m.id, m.created_at
        from public.messages m
        where m.direction = 'out' and m.created_at > now() - interval '1 day'`,
  },
];
