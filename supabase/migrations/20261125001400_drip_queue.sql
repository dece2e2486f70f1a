-- The drip queue: rows of messages with status QUEUED, which each session sends one at a time.
-- whatsapp_sessions.next_drip_at keeps the pace.

-- The distance between two messages that these settings ask for; of both the slower one counts.
create function public.queue_interval_ms(send_interval_ms integer, max_messages_per_minute integer)
returns integer
language sql immutable parallel safe set search_path = ''
as $$
  select greatest(coalesce(send_interval_ms, 0), ceil(60000.0 / max_messages_per_minute)::integer);
$$;

-- Returns the settings that hold for a session's queue: `{ interval_ms, poll_interval_ms,
-- max_retries }`. `defaults` has the settings of the installation. The pace is that of the session,
-- else of the tenant, else of the installation: whichever sets send_interval_ms or
-- max_messages_per_minute.
create function public.queue_settings(
  session public.whatsapp_sessions, tenant public.tenants, defaults jsonb
) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'interval_ms', case
      when coalesce(session.send_interval_ms, session.max_messages_per_minute) is not null
        then public.queue_interval_ms(session.send_interval_ms, session.max_messages_per_minute)
      when coalesce(tenant.send_interval_ms, tenant.max_messages_per_minute) is not null
        then public.queue_interval_ms(tenant.send_interval_ms, tenant.max_messages_per_minute)
      else public.queue_interval_ms(
        (defaults ->> 'send_interval_ms')::integer,
        (defaults ->> 'max_messages_per_minute')::integer) end,
    'poll_interval_ms', coalesce(session.poll_interval_ms, tenant.poll_interval_ms,
      (defaults ->> 'poll_interval_ms')::integer),
    'max_retries', coalesce(session.max_retries, tenant.max_retries,
      (defaults ->> 'max_retries')::integer));
$$;

-- Returns, as one value for the reason given at event_heads:
--   { heads: for each connected session of a connector, the next message of its queue and the time
--       until the session may send it, negative when that is past;
--     poll_interval_ms: the shortest one of these sessions, null without sessions;
--     scheduled_in_ms: the time until the next scheduled message enters a queue, or null }
-- The message of the highest priority goes first, then the oldest one. Each chat keeps its order:
-- what was queued before a message in its chat goes before it. A message that waits for its next
-- attempt delays the messages of its own chat only.
create function public.load_drip_heads(connector_id uuid, defaults jsonb) returns jsonb
language plpgsql volatile set search_path = ''
-- One plan for all connectors: with many tenants, planning anew took five times as long as the query.
set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  max_released constant integer := 1000;
begin
  update public.messages m set is_scheduled = false
    where m.id = any (array(
      select due.id
      from public.whatsapp_sessions s
      cross join lateral (
        select d.id from public.messages d
        where d.session_uid = s.uid and d.rare_status = 'QUEUED' and d.is_scheduled
          and d.send_at <= now()
        order by d.send_at, d.id limit max_released
      ) due
      where s.connector_id = load_drip_heads.connector_id and s.state = 'connected'));

  -- Nothing is due later than one interval from now, unless the clock of the database was set back
  -- or the interval was shortened.
  update public.whatsapp_sessions s
    set next_drip_at = now() + pace.interval_ms * interval '1 ms'
    from public.whatsapp_sessions o
    join public.tenants t on t.tenant_id = o.tenant_id
    cross join lateral (
      select (public.queue_settings(o, t, defaults) ->> 'interval_ms')::integer as interval_ms
    ) pace
    where o.connector_id = load_drip_heads.connector_id and o.next_drip_at > now()
      and s.uid = o.uid and s.next_drip_at > now() + 1.2 * pace.interval_ms * interval '1 ms';

  return (
    select jsonb_build_object(
      'heads', coalesce(jsonb_agg(jsonb_build_object(
          'uid', owned.uid, 'id', head.id, 'chat_id', head.chat_id, 'type', head.type,
          'message', head.message, 'media', head.media,
          'content', case when owned.next_drip_at <= now() then encode(head.content, 'base64') end,
          'attempts', head.attempts,
          'interval_ms', (owned.settings ->> 'interval_ms')::integer,
          'max_retries', (owned.settings ->> 'max_retries')::integer,
          'due_in_ms', ceil(extract(epoch from owned.next_drip_at - now()) * 1000)::bigint))
        filter (where head.id is not null), '[]'),
      'poll_interval_ms', min((owned.settings ->> 'poll_interval_ms')::integer),
      'scheduled_in_ms', greatest(0,
        ceil(extract(epoch from min(scheduled.send_at) - now()) * 1000))::bigint)
    from (
      select s.uid, s.next_drip_at, coalesce(s.queue_paused_at, t.suspended_at) as queue_paused_at,
             public.queue_settings(s, t, defaults) as settings
      from public.whatsapp_sessions s
      join public.tenants t on t.tenant_id = s.tenant_id
      where s.connector_id = load_drip_heads.connector_id and s.state = 'connected'
    ) owned
    left join lateral (
      select first.*
      from public.messages m
      cross join lateral (
        select f.* from public.messages f
        where f.session_uid = m.session_uid and f.chat_id = m.chat_id
          and f.rare_status = 'QUEUED' and not f.is_scheduled
          and (f.send_before is null or f.send_before > now())
        order by f.id limit 1
      ) first
      where m.session_uid = owned.uid and m.rare_status = 'QUEUED' and not m.is_scheduled
        and (m.send_before is null or m.send_before > now())
        and (first.not_before is null or first.not_before <= now())
      order by m.priority desc, m.id
      limit 1
    ) head on owned.queue_paused_at is null
    left join lateral (
      select d.send_at from public.messages d
      where d.session_uid = owned.uid and d.rare_status = 'QUEUED' and d.is_scheduled
      order by d.send_at limit 1
    ) scheduled on true);
end;
$$;

-- Takes a message out of the queue and stores its intent, before anything is sent, and moves
-- next_drip_at by `advance_ms`. `outcome` is `created`; `gone` when the message may not be sent any
-- more, or not now; or `not_linked` when the account was unlinked meanwhile. Later duplicates in the
-- queue fail; their events are in `events`.
create function public.dequeue_message(dequeue jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  queued public.messages;
  duplicate_ids jsonb;
begin
  select m.* into queued from public.messages m
    where m.id = (dequeue ->> 'id')::uuid and m.session_uid = (dequeue ->> 'uid')::uuid
    for update;
  if queued.status = 'SENDING' and queued.wa_message_id = dequeue ->> 'wa_message_id' then
    -- The call is repeated because the answer of the first one got lost.
    return jsonb_build_object('outcome', 'created', 'message', public.message_json(queued.id));
  elsif queued.status is distinct from 'QUEUED' or queued.send_before <= now() or exists (
    select from public.whatsapp_sessions s
    where s.uid = queued.session_uid and s.queue_paused_at is not null
  ) then
    return jsonb_build_object('outcome', 'gone');
  elsif not exists (
    select from public.whatsapp_sessions s
    where s.uid = queued.session_uid and (s.phone is not null or s.lid is not null)
  ) then
    return jsonb_build_object('outcome', 'not_linked');
  end if;

  update public.messages m
    set status = 'SENDING', resends = 0,
        expires_at = least(now() + public.intent_lifetime(), m.send_before),
        wa_message_id = dequeue ->> 'wa_message_id',
        content = decode(dequeue ->> 'content', 'base64'), chat_id = dequeue ->> 'chat_id',
        phone_number = dequeue ->> 'phone', lid = dequeue ->> 'lid', not_before = null
    where m.id = queued.id;
  update public.whatsapp_sessions s
    set next_drip_at = s.next_drip_at + (dequeue ->> 'advance_ms')::bigint * interval '1 ms',
        drip_interval_ms = (dequeue ->> 'interval_ms')::bigint
    where s.uid = queued.session_uid;

  -- A later row with the same text for the same chat was queued by mistake. It becomes FAILED and
  -- is not deleted, so that whoever queued it gets an answer.
  with duplicates as (
    update public.messages m
      set status = 'FAILED', error = jsonb_build_object('code', 'duplicate', 'message',
            'The same text to the same chat was already queued, as message ' || queued.id || '.')
      where m.session_uid = queued.session_uid and m.chat_id = queued.chat_id
        and m.rare_status = 'QUEUED' and not m.is_scheduled and m.id > queued.id
        and m.type = queued.type and m.message is not distinct from queued.message
        and m.media ->> 'sha256' is not distinct from queued.media ->> 'sha256'
      returning m.id
  )
  select coalesce(jsonb_agg(d.id order by d.id), '[]') into duplicate_ids from duplicates d;

  return jsonb_build_object(
    'outcome', 'created',
    'message', public.message_json(queued.id),
    'events', (
      select coalesce(jsonb_agg(public.message_event(d.id::uuid, 'message.failed')), '[]')
      from jsonb_array_elements_text(duplicate_ids) as d(id)));
end;
$$;

-- Keeps the interval between a message that was sent just now, out of turn, and the next one.
create function public.postpone_next_drip(session_uid uuid) returns void
language sql volatile set search_path = ''
as $$
  update public.whatsapp_sessions s
    set next_drip_at = greatest(
      s.next_drip_at, clock_timestamp() + s.drip_interval_ms * interval '1 ms')
    where s.uid = postpone_next_drip.session_uid;
$$;
