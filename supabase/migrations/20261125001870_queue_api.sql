-- What the control plane does with the queues of sessions. Every function takes the id of the tenant.

-- Changes the settings that `changes` names, and returns those of the session and those that hold,
-- `{ settings, effective }`; null when there is no such session. See queue_settings.
create function public.change_queue_settings(
  tenant_id text, session_id text, changes jsonb, defaults jsonb
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  session public.whatsapp_sessions;
  tenant public.tenants;
begin
  select s.* into session from public.whatsapp_sessions s
    where s.tenant_id = change_queue_settings.tenant_id
      and s.session_id = change_queue_settings.session_id
    for no key update;
  if session.uid is null then
    return null;
  end if;
  if changes <> '{}' then
    session := jsonb_populate_record(session, changes);
    update public.whatsapp_sessions s
      set send_interval_ms = session.send_interval_ms,
          max_messages_per_minute = session.max_messages_per_minute,
          poll_interval_ms = session.poll_interval_ms, max_retries = session.max_retries,
          updated_at = now()
      where s.uid = session.uid;
    perform public.notify_connectors(session.uid);
  end if;
  select t.* into strict tenant from public.tenants t where t.tenant_id = session.tenant_id;
  return jsonb_build_object(
    'settings', jsonb_build_object(
      'send_interval_ms', session.send_interval_ms,
      'max_messages_per_minute', session.max_messages_per_minute,
      'poll_interval_ms', session.poll_interval_ms, 'max_retries', session.max_retries),
    'effective', public.queue_settings(session, tenant, defaults));
end;
$$;

-- Returns the session with this id and locks it against changes of its queue; null when the tenant has
-- none.
create function public.find_queue(of_tenant text, of_session text) returns public.whatsapp_sessions
language sql volatile set search_path = ''
as $$
  select s from public.whatsapp_sessions s
    where s.tenant_id = of_tenant and s.session_id = of_session for key share;
$$;

-- Returns whether and why nothing is sent from a queue now: `{ paused, paused_reason, paused_at }`.
create function public.queue_pause(session public.whatsapp_sessions) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'paused', session.queue_paused_at is not null or not c.is_connected,
    'paused_reason', case
      when session.queue_paused_at is not null then 'requested'
      when not c.is_connected then 'session_not_connected' end,
    'paused_at', session.queue_paused_at)
  from (
    select r.state = 'connected' as is_connected
    from public.session_resources r where r.uid = session.uid
  ) c;
$$;

-- Returns when queued messages go, if nothing changes: `first_at`, and one more every `interval_ms`.
-- Nothing while the queue is paused.
create function public.queue_forecast(session public.whatsapp_sessions, defaults jsonb) returns jsonb
language sql stable set search_path = ''
as $$
  select case when (public.queue_pause(session) ->> 'paused')::boolean then '{}'::jsonb
    else jsonb_build_object(
      'first_at', greatest(session.next_drip_at, now()),
      'interval_ms', public.queue_settings(session, t, defaults) -> 'interval_ms') end
  from public.tenants t where t.tenant_id = session.tenant_id;
$$;

-- Returns a queued message as an entry of its queue. `ahead` messages go before it; null for one that
-- waits for its send_at.
create function public.queue_entry(message public.messages, ahead bigint, forecast jsonb) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'position', ahead + 1,
    'estimated_send_at', case when forecast ? 'first_at' then greatest(
      message.send_at, message.not_before, (forecast ->> 'first_at')::timestamptz
        + coalesce(ahead, 0) * (forecast ->> 'interval_ms')::bigint * interval '1 ms') end,
    'send_at', message.send_at, 'expires_at', message.send_before, 'priority', message.priority);
$$;

create function public.queued_ahead(message public.messages) returns bigint
language sql stable set search_path = ''
as $$
  select case when not message.is_scheduled then (
    select count(*) from public.messages m
    where m.session_uid = message.session_uid and m.rare_status = 'QUEUED' and not m.is_scheduled
      and m.priority >= message.priority
      and (m.priority > message.priority or m.id < message.id)) end;
$$;

-- Puts a message into the queue of a session, connected or not. `outcome` is that of
-- take_idempotency_key, with the message and its entry of the queue, null when it has left it; or
-- `not_found`. Raises 54000 when the tenant has max_queued_messages.
create function public.queue_message(tenant_id text, session_id text, item jsonb, defaults jsonb)
returns jsonb
language plpgsql volatile set search_path = ''
as $$
#variable_conflict use_column
declare
  session public.whatsapp_sessions := public.find_queue(tenant_id, session_id);
  taken jsonb;
  queued public.messages;
begin
  if session.uid is null then
    return jsonb_build_object('outcome', 'not_found');
  end if;
  taken := public.take_idempotency_key(session.tenant_id, item, public.uuid_v7());
  if taken ->> 'outcome' = 'mismatch' then
    return taken;
  end if;
  if taken ->> 'outcome' = 'created' then
    insert into public.messages (
      id, tenant_id, session_uid, session_id, direction, source, chat_id, phone_number, lid, type,
      message, media, content, status, priority, send_at, send_before)
    values (
      (taken ->> 'id')::uuid, session.tenant_id, session.uid, session.session_id, 'out', 'queue',
      item ->> 'chat_id', item ->> 'phone', item ->> 'lid', item ->> 'type', item ->> 'text',
      nullif(item -> 'media', 'null'), decode(item ->> 'content', 'base64'), 'QUEUED',
      coalesce((item ->> 'priority')::smallint, 0), (item ->> 'send_at')::timestamptz,
      (item ->> 'send_before')::timestamptz);
    delete from public.media_removals r
      where r.path = public.media_path(session.tenant_id, nullif(item -> 'media', 'null'));
    perform public.emit_events(jsonb_build_array(
      public.message_event((taken ->> 'id')::uuid, 'message.queued')));
  end if;
  select m.* into queued from public.messages m where m.id = (taken ->> 'id')::uuid;
  return jsonb_build_object(
    'outcome', taken -> 'outcome',
    'message', public.message_json(queued.id),
    'queue', case when queued.status = 'QUEUED' then public.queue_entry(
      queued, public.queued_ahead(queued), public.queue_forecast(session, defaults)) end);
end;
$$;

-- Takes a message out of the queue. `{ outcome, message }`: `cancelled`; `not_queued` when it has left
-- the queue; or `not_found`.
create function public.cancel_message(tenant_id text, session_id text, message_id uuid) returns jsonb
language plpgsql volatile set search_path = ''
as $$
#variable_conflict use_column
declare
  found_message public.messages;
begin
  select m.* into found_message
    from public.messages m
    join public.whatsapp_sessions s on s.uid = m.session_uid
    where m.id = cancel_message.message_id and m.direction = 'out'
      and s.tenant_id = cancel_message.tenant_id and s.session_id = cancel_message.session_id
    for update of m;
  if found_message.id is null then
    return jsonb_build_object('outcome', 'not_found');
  elsif found_message.status <> 'QUEUED' then
    return jsonb_build_object('outcome', 'not_queued', 'message', public.message_json(message_id));
  end if;
  update public.messages m set status = 'FAILED', error = public.cancelled_error()
    where m.id = found_message.id;
  perform public.emit_events(jsonb_build_array(
    public.message_event(found_message.id, 'message.failed')));
  return jsonb_build_object('outcome', 'cancelled', 'message', public.message_json(message_id));
end;
$$;

create function public.cancelled_error() returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select '{"code": "cancelled", "message": "The message was cancelled before it was sent."}'::jsonb;
$$;

-- Pauses or resumes the queue of a session. Returns false when there is no such session.
create function public.pause_queue(tenant_id text, session_id text, paused boolean) returns boolean
language plpgsql volatile set search_path = ''
as $$
declare
  changed uuid;
begin
  update public.whatsapp_sessions s
    set queue_paused_at = case when paused then coalesce(s.queue_paused_at, now()) end,
        updated_at = now()
    where s.tenant_id = pause_queue.tenant_id and s.session_id = pause_queue.session_id
    returning s.uid into changed;
  perform public.notify_connectors(changed) where changed is not null;
  return changed is not null;
end;
$$;

-- Returns a page of a session's queue in the order in which it goes, and its state; null when there is
-- no such session. Messages that wait for their send_at come last.
--   { length, scheduled, paused, paused_reason, paused_at, interval_ms, data: [{ message, queue }],
--     next: { priority, id, ahead } | { send_at, id } | null }
-- `after` is the `next` of the page before.
create function public.queue_page(
  tenant_id text, session_id text, defaults jsonb, after jsonb, page_limit integer
) returns jsonb
language plpgsql stable set search_path = ''
as $$
#variable_conflict use_column
declare
  session public.whatsapp_sessions;
  tenant public.tenants;
  forecast jsonb;
  ahead bigint := coalesce((after ->> 'ahead')::bigint, 0);
  entries jsonb := '[]';
  next jsonb;
  message public.messages;
begin
  select s.* into session from public.whatsapp_sessions s
    where s.tenant_id = queue_page.tenant_id and s.session_id = queue_page.session_id;
  if session.uid is null then
    return null;
  end if;
  select t.* into strict tenant from public.tenants t where t.tenant_id = session.tenant_id;
  forecast := public.queue_forecast(session, defaults);

  if not coalesce(after ? 'send_at', false) then
    for message in
      select m.* from public.messages m
      where m.session_uid = session.uid and m.rare_status = 'QUEUED' and not m.is_scheduled
        and (after is null or (
          m.priority <= (after ->> 'priority')::smallint
          and (m.priority < (after ->> 'priority')::smallint or m.id > (after ->> 'id')::uuid)))
      order by m.priority desc, m.id limit page_limit
    loop
      entries := entries || jsonb_build_array(jsonb_build_object(
        'message', public.message_json(message.id),
        'queue', public.queue_entry(message, ahead, forecast)));
      ahead := ahead + 1;
      next := jsonb_build_object('priority', message.priority, 'id', message.id, 'ahead', ahead);
    end loop;
  end if;
  if jsonb_array_length(entries) < page_limit then
    for message in
      select m.* from public.messages m
      where m.session_uid = session.uid and m.rare_status = 'QUEUED' and m.is_scheduled
        and (not coalesce(after ? 'send_at', false)
          or (m.send_at, m.id) > ((after ->> 'send_at')::timestamptz, (after ->> 'id')::uuid))
      order by m.send_at, m.id limit page_limit - jsonb_array_length(entries)
    loop
      entries := entries || jsonb_build_array(jsonb_build_object(
        'message', public.message_json(message.id),
        'queue', public.queue_entry(message, null, forecast)));
      next := jsonb_build_object('send_at', message.send_at, 'id', message.id);
    end loop;
  end if;

  return public.queue_pause(session) || jsonb_build_object(
    'length', (
      select count(*) from public.messages m
      where m.session_uid = session.uid and m.rare_status = 'QUEUED'),
    'scheduled', (
      select count(*) from public.messages m
      where m.session_uid = session.uid and m.rare_status = 'QUEUED' and m.is_scheduled),
    'interval_ms', public.queue_settings(session, tenant, defaults) -> 'interval_ms',
    'data', entries,
    'next', case when jsonb_array_length(entries) = page_limit then next end);
end;
$$;

create table public.bulk_sends (
  id uuid primary key default public.uuid_v7(),
  tenant_id text not null references public.tenants on delete cascade,
  -- Not a foreign key: as the messages, it outlives its session.
  session_uid uuid not null,
  session_id text not null,
  total integer not null,
  created_at timestamptz not null default now(),
  cancelled_at timestamptz
);
create index bulk_sends_by_tenant on public.bulk_sends (tenant_id, id);
comment on table public.bulk_sends is
  'Requests to send one text to many recipients; their messages name them in bulk_id. Rows are removed with their tenant, and by purge_expired after message_retention_days of the tenant.';

-- Returns a bulk as the API shows it.
create function public.bulk_json(bulk public.bulk_sends) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'id', bulk.id, 'session_id', bulk.session_id, 'total', bulk.total,
    'by_status', coalesce(jsonb_object_agg(c.status, c.messages) filter (where c.status is not null), '{}'),
    'done', coalesce(sum(c.messages) filter (where c.status in ('QUEUED', 'SENDING')), 0) = 0,
    'created_at', bulk.created_at, 'cancelled_at', bulk.cancelled_at)
  from (
    select m.status, count(*) as messages from public.messages m
    where m.bulk_id = bulk.id and m.tenant_id = bulk.tenant_id group by m.status
  ) c;
$$;

-- Queues a message for each of `bulk.messages`, `[{ chat_id, phone, lid, text }]`, all or none.
-- `{ outcome, bulk, last }`, with the outcomes of queue_message; `last` is the entry of the last one.
create function public.queue_bulk(tenant_id text, session_id text, bulk jsonb, defaults jsonb)
returns jsonb
language plpgsql volatile set search_path = ''
as $$
#variable_conflict use_column
declare
  session public.whatsapp_sessions := public.find_queue(tenant_id, session_id);
  taken jsonb;
  made public.bulk_sends;
  last_queued public.messages;
begin
  if session.uid is null then
    return jsonb_build_object('outcome', 'not_found');
  end if;
  taken := public.take_idempotency_key(session.tenant_id, bulk, public.uuid_v7());
  if taken ->> 'outcome' = 'mismatch' then
    return taken;
  end if;
  if taken ->> 'outcome' = 'created' then
    insert into public.bulk_sends (id, tenant_id, session_uid, session_id, total)
      values ((taken ->> 'id')::uuid, session.tenant_id, session.uid, session.session_id,
              jsonb_array_length(bulk -> 'messages'));
    insert into public.messages (
      tenant_id, session_uid, session_id, direction, source, chat_id, phone_number, lid, message,
      status, priority, send_at, send_before, bulk_id)
    select session.tenant_id, session.uid, session.session_id, 'out', 'queue',
           r.value ->> 'chat_id', r.value ->> 'phone', r.value ->> 'lid', r.value ->> 'text',
           'QUEUED', coalesce((bulk ->> 'priority')::smallint, 0),
           (bulk ->> 'send_at')::timestamptz, (bulk ->> 'send_before')::timestamptz,
           (taken ->> 'id')::uuid
    from jsonb_array_elements(bulk -> 'messages') with ordinality r
    order by r.ordinality;
  end if;
  select b.* into strict made from public.bulk_sends b where b.id = (taken ->> 'id')::uuid;
  select m.* into last_queued from public.messages m
    where m.bulk_id = made.id and m.rare_status = 'QUEUED' order by m.id desc limit 1;
  return jsonb_build_object(
    'outcome', taken -> 'outcome',
    'bulk', public.bulk_json(made),
    'last', case when last_queued.id is not null then public.queue_entry(
      last_queued, public.queued_ahead(last_queued), public.queue_forecast(session, defaults)) end);
end;
$$;

-- Returns a bulk of a tenant; null when it has none with this id.
create function public.find_bulk(tenant_id text, session_id text, bulk_id uuid) returns jsonb
language sql stable set search_path = ''
as $$
  select public.bulk_json(b) from public.bulk_sends b
  where b.id = find_bulk.bulk_id and b.tenant_id = find_bulk.tenant_id
    and b.session_id = find_bulk.session_id
    -- A new session of the same name does not inherit it.
    and exists (select from public.whatsapp_sessions s where s.uid = b.session_uid);
$$;

-- Cancels what has not left the queue, and returns the bulk; null when the tenant has none with this id.
create function public.cancel_bulk(tenant_id text, session_id text, bulk_id uuid) returns jsonb
language plpgsql volatile set search_path = ''
as $$
#variable_conflict use_column
declare
  cancelled uuid[];
begin
  update public.bulk_sends b set cancelled_at = coalesce(b.cancelled_at, now())
    where b.id = cancel_bulk.bulk_id and b.tenant_id = cancel_bulk.tenant_id
      and b.session_id = cancel_bulk.session_id
      and exists (select from public.whatsapp_sessions s where s.uid = b.session_uid);
  if not found then
    return null;
  end if;
  with changed as (
    update public.messages m set status = 'FAILED', error = public.cancelled_error()
      where m.bulk_id = cancel_bulk.bulk_id and m.rare_status = 'QUEUED'
      returning m.id
  )
  select array_agg(c.id order by c.id) into cancelled from changed c;
  perform public.emit_events((
    select jsonb_agg(public.message_event(c.id, 'message.failed') order by c.id)
    from unnest(cancelled) as c(id))) where cancelled is not null;
  return public.find_bulk(tenant_id, session_id, bulk_id);
end;
$$;
