-- Outgoing messages: the intent, which is stored before anything is sent, and its outcome.

-- How long an intent may be sent, again after a lost ack too.
create function public.intent_lifetime() returns interval
language sql immutable parallel safe set search_path = ''
as $$ select interval '1 hour' $$;

-- Fails the messages of a session that have one of these statuses and were created before this
-- moment, or the oldest `max_messages` of them. Returns `{ messages, events }`.
create function public.fail_messages(
  session_uid uuid, statuses text[], created_before timestamptz, error jsonb,
  max_messages integer default null
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  failed_ids uuid[];
begin
  with failed as (
    update public.messages m
      set status = 'FAILED', error = fail_messages.error
      where m.rare_status = any (statuses) and m.id = any (array(
        select o.id from public.messages o
        where o.session_uid = fail_messages.session_uid and o.rare_status = any (statuses)
          and o.created_at < created_before
        order by o.id limit max_messages))
      returning m.id
  )
  select array_agg(f.id order by f.id) into failed_ids from failed f;

  return jsonb_build_object(
    'messages', (
      select coalesce(jsonb_agg(public.message_json(f.id) order by f.id), '[]')
      from unnest(failed_ids) as f(id)),
    'events', (
      select coalesce(jsonb_agg(public.message_event(f.id, 'message.failed') order by f.id), '[]')
      from unnest(failed_ids) as f(id)));
end;
$$;

-- Returns what a request with an idempotency key gets: `created` when it is the first one with the
-- key, which then stands for `new_id`; `replayed`, with the id of the first one; or `mismatch` when the
-- key was used for another request. `{ outcome, id }`. The one place that decides on idempotency.
create function public.take_idempotency_key(of_tenant text, request jsonb, new_id uuid) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  known public.idempotency_keys;
begin
  if request ->> 'idempotency_key' is null then
    return jsonb_build_object('outcome', 'created', 'id', new_id);
  end if;
  insert into public.idempotency_keys (tenant_id, key, request_hash, message_id)
    values (of_tenant, request ->> 'idempotency_key', request ->> 'request_hash', new_id)
    on conflict do nothing;
  select i.* into strict known from public.idempotency_keys i
    where i.tenant_id = of_tenant and i.key = request ->> 'idempotency_key';
  return jsonb_build_object('id', known.message_id, 'outcome', case
    when known.request_hash <> request ->> 'request_hash' then 'mismatch'
    when known.message_id <> new_id then 'replayed'
    else 'created' end);
end;
$$;

-- Stores the intent of a message. `outcome` is that of take_idempotency_key, `replayed` with the first
-- message; or `not_linked` when the account was unlinked meanwhile.
create function public.begin_send(send jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  session public.whatsapp_sessions;
  new_id uuid := (send ->> 'id')::uuid;
  taken jsonb;
begin
  select s.* into strict session
    from public.whatsapp_sessions s where s.uid = (send ->> 'uid')::uuid;
  if session.phone is null and session.lid is null then
    return jsonb_build_object('id', new_id, 'outcome', 'not_linked');
  end if;

  taken := public.take_idempotency_key(session.tenant_id, send, new_id);
  if taken ->> 'outcome' = 'mismatch' then
    return jsonb_build_object('id', new_id, 'outcome', 'mismatch');
  elsif taken ->> 'outcome' = 'replayed' then
    return jsonb_build_object('id', new_id, 'outcome', 'replayed',
      'message', public.message_json((taken ->> 'id')::uuid));
  end if;

  insert into public.messages (
    id, tenant_id, session_uid, session_id, direction, source, chat_id, phone_number, lid, type,
    message, media, status, wa_message_id, content, created_at, expires_at)
  values (
    new_id, session.tenant_id, session.uid, session.session_id, 'out', 'api',
    send ->> 'chat_id', send ->> 'phone', send ->> 'lid', send ->> 'type', send ->> 'text',
    nullif(send -> 'media', 'null'), 'SENDING', send ->> 'wa_message_id', decode(send ->> 'content', 'base64'),
    public.uuid_v7_time(new_id), now() + public.intent_lifetime())
  on conflict (id) do nothing;
  if send -> 'media' is not null then
    delete from public.media_removals r
      where r.path = public.media_path(session.tenant_id, send -> 'media');
  end if;

  return jsonb_build_object('id', new_id, 'outcome', 'created',
    'message', public.message_json(new_id));
end;
$$;

-- Returns what an idempotency key was used for, `{ request_hash, message }`, or null. It answers a
-- repeated request while its session cannot send; otherwise begin_send does.
create function public.find_idempotent(tenant_id text, key text) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object('request_hash', i.request_hash, 'message', public.message_json(i.message_id))
  from public.idempotency_keys i
  where i.tenant_id = find_idempotent.tenant_id and i.key = find_idempotent.key;
$$;

-- Stores the outcome of an attempt: SENT, FAILED, or QUEUED to be tried again. Returns the events
-- to emit.
create function public.finish_send(outcome jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  changed_source text;
  message_id uuid := (outcome ->> 'id')::uuid;
  of_session uuid := (outcome ->> 'uid')::uuid;
  previous_status text;
  resends integer;
begin
  select m.status, m.resends into previous_status, resends
    from public.messages m where m.id = message_id for update;
  case outcome ->> 'status'
    when 'SENT' then
      update public.messages m
        set status = case when public.status_rank(m.status) < public.status_rank('SENT')
              then 'SENT' else m.status end,
            sent_at = clock_timestamp(), error = null, attempts = m.attempts + 1
        where m.id = message_id and m.session_uid = of_session and m.sent_at is null
        returning m.source into changed_source;
    when 'FAILED' then
      update public.messages m
        set status = 'FAILED', error = outcome -> 'error', attempts = m.attempts + 1
        where m.id = message_id and m.session_uid = of_session
          and m.status in ('QUEUED', 'SENDING')
        returning m.source into changed_source;
    when 'QUEUED' then
      update public.messages m
        set status = 'QUEUED', error = outcome -> 'error', attempts = m.attempts + 1,
            resends = 0, expires_at = null,
            not_before = clock_timestamp() + (outcome ->> 'retry_in_ms')::bigint * interval '1 ms'
        where m.id = message_id and m.session_uid = of_session
          and m.status in ('QUEUED', 'SENDING') and m.attempts = (outcome ->> 'attempts')::integer
        returning m.source into changed_source;
  end case;

  -- A message that was sent again, or was tried without leaving the queue, is not where the pace
  -- expects it.
  if changed_source = 'queue' and (
    resends > 0 or (previous_status = 'QUEUED' and outcome ->> 'status' = 'QUEUED')
  ) then
    perform public.postpone_next_drip(of_session);
  end if;
  return case when changed_source is null or outcome ->> 'status' = 'QUEUED' then '[]'::jsonb
    else jsonb_build_array(
      public.message_event(
        message_id, 'message.' || lower(outcome ->> 'status'), previous_status)) end;
end;
$$;

-- Returns the messages that have no ack, oldest first. They are sent again under the same ids after
-- a reconnect, each after resend_message.
-- `[{ id, wa_message_id, chat_id, content, media, source, attempts, resends, max_retries }]`, as one
-- value for the reason given at event_heads. `max_retries` is null where the installation decides.
create function public.load_in_flight(session_uid uuid) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(unacknowledged) order by unacknowledged.id), '[]')
  from (
    select m.id, m.wa_message_id, m.chat_id, encode(m.content, 'base64') as content, m.media,
           m.source, m.attempts, m.resends, coalesce(s.max_retries, t.max_retries) as max_retries
    from public.messages m
    join public.whatsapp_sessions s on s.uid = m.session_uid
    join public.tenants t on t.tenant_id = s.tenant_id
    where m.session_uid = load_in_flight.session_uid and m.rare_status = 'SENDING'
  ) unacknowledged;
$$;

-- Counts that a message without an ack is sent again. `outcome` is `created`; `failed` when it has
-- expired or was sent again `max_resends` times; or `gone` when it is not in flight any more.
create function public.resend_message(resend jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  message public.messages;
  failure jsonb;
begin
  select m.* into message from public.messages m
    where m.id = (resend ->> 'id')::uuid and m.session_uid = (resend ->> 'uid')::uuid
    for update;
  if message.status is distinct from 'SENDING' then
    return jsonb_build_object('outcome', 'gone');
  end if;

  if message.expires_at <= now() then
    failure := public.expired_error();
  elsif message.resends >= (resend ->> 'max_resends')::integer then
    failure := jsonb_build_object('code', 'no_ack', 'message',
      'WhatsApp did not confirm the message, which was sent ' || message.resends + 1 || ' times.');
  end if;
  if failure is not null then
    update public.messages m set status = 'FAILED', error = failure where m.id = message.id;
    return jsonb_build_object('outcome', 'failed', 'message', public.message_json(message.id),
      'events', jsonb_build_array(public.message_event(message.id, 'message.failed')));
  end if;

  -- Unless the call is repeated because the answer of the first one got lost.
  update public.messages m set resends = m.resends + 1
    where m.id = message.id and m.resends = (resend ->> 'resends')::integer;
  return jsonb_build_object('outcome', 'created', 'message', public.message_json(message.id));
end;
$$;

create function public.expired_error() returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_build_object('code', 'expired', 'message',
    'WhatsApp did not confirm the message in time. It may have been delivered.')
$$;

-- Fails up to `max_messages` expired intents of any session, also of one that no connector holds, and
-- as many queued messages that are past their send_before. Returns the intents. Every connector calls
-- it now and then.
create function public.fail_expired_messages(max_messages integer)
returns table (session_uid uuid, wa_message_id text)
language plpgsql volatile set search_path = ''
as $$
#variable_conflict use_column
declare
  expired uuid[];
  unsent uuid[];
begin
  select array_agg(e.id order by e.id) into unsent
  from (
    select m.id
    from public.whatsapp_sessions s
    cross join lateral (
      select i.id from public.messages i
      where i.session_uid = s.uid and i.rare_status = 'QUEUED' and i.send_before <= now()
      limit max_messages
      for update skip locked
    ) m
    limit max_messages
  ) e;
  if unsent is not null then
    update public.messages m
      set status = 'FAILED', error = jsonb_build_object('code', 'expired', 'message',
        'The message was not sent before its expires_at.')
      where m.id = any (unsent);
    perform public.emit_events((
      select jsonb_agg(public.message_event(e.id, 'message.failed') order by e.id)
      from unnest(unsent) as e(id)));
  end if;

  select array_agg(e.id order by e.id) into expired
  from (
    select m.id
    from public.whatsapp_sessions s
    -- Session by session, as the index is: an index range whatever the statistics say.
    cross join lateral (
      select i.id from public.messages i
      where i.session_uid = s.uid and i.rare_status = 'SENDING' and i.expires_at <= now()
      limit max_messages
      for update skip locked
    ) m
    limit max_messages
  ) e;
  if expired is null then
    return;
  end if;

  update public.messages m set status = 'FAILED', error = public.expired_error()
    where m.id = any (expired);
  perform public.emit_events((
    select jsonb_agg(public.message_event(e.id, 'message.failed') order by e.id)
    from unnest(expired) as e(id)));
  return query
    select m.session_uid, m.wa_message_id from public.messages m where m.id = any (expired);
end;
$$;

-- Returns the content that answers a recipient's retry request; null when there is no such message.
create function public.load_message_content(session_uid uuid, wa_message_id text) returns text
language sql stable set search_path = ''
as $$
  with candidates as materialized ( -- By WhatsApp's id first, as in record_receipt.
    select * from public.messages m where m.wa_message_id = load_message_content.wa_message_id
  )
  select encode(m.content, 'base64')
  from candidates m
  where m.session_uid = load_message_content.session_uid and m.direction = 'out'
  limit 1;
$$;
