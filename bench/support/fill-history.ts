import type { Pool } from "pg";

/**
 * Writes messages number `from` to `to` of a tenant's session: half of them incoming, one in a
 * thousand failed, over the last day, in 1000 chats and in a busy one that has a tenth of all
 * messages, all of them incoming. Triggers are bypassed and indexes are created after the insert;
 * otherwise a million rows would take minutes.
 */
export async function fillHistory(
  pool: Pool,
  history: { tenantId: string; from: number; to: number; now: Date; busyChat: string },
): Promise<void> {
  const { rows: indexes } = await pool.query<{ name: string; definition: string }>(
    `select indexname as name, indexdef as definition from pg_indexes
     where schemaname = 'public' and tablename = 'messages' and indexname <> 'messages_pkey'`,
  );
  const client = await pool.connect();
  try {
    await client.query("begin");
    for (const { name } of indexes) await client.query(`drop index public.${name}`);
    await client.query("set local session_replication_role = replica");
    const { tenantId, from, to, now, busyChat } = history;
    await client.query(insert, [tenantId, from, to - 1, now, busyChat]);
    for (const { definition } of indexes) await client.query(definition);
    await client.query("commit");
    await client.query("vacuum analyze public.messages");
  } finally {
    client.release();
  }
}

const insert = `
  insert into public.messages (
    id, tenant_id, session_uid, session_id, direction, source, chat_id, phone_number, message,
    status, wa_message_id, content, created_at, sent_at, delivered_at, read_at)
  select
    uuid_v7_at(v.moment, gen_random_uuid()), s.tenant_id, s.uid, s.session_id,
    case when n % 2 = 0 then 'in' else 'out' end,
    case when n % 2 = 0 then 'contact' else 'api' end,
    v.number || '@s.whatsapp.net', v.number, 'message number ' || n,
    case when n % 2 = 0 then 'RECEIVED' when n % 1000 = 7 then 'FAILED' else 'READ' end,
    '3EB0' || upper(to_hex(n)), convert_to('content of ' || n, 'UTF8'),
    v.moment, v.moment, v.moment, v.moment
  from generate_series($2::bigint, $3::bigint) n
  cross join lateral (
    select $4::timestamptz - interval '1 day' * (1 - n::float8 / 1000000) as moment,
           case when n % 10 = 0 then $5 else (393330000000 + n * 7919 % 1000)::text end as number) v
  join public.whatsapp_sessions s on s.tenant_id = $1`;
