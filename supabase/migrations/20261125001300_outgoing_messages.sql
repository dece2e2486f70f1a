-- Outgoing messages: the intent, which is stored before anything is sent, and its outcome.

-- Stores the intent of a message. `outcome` is `created`; `replayed`, with the first message, when
-- the idempotency key was used for the same request; or `mismatch` when it was used for another.
create function public.begin_send(send jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  session public.whatsapp_sessions;
  new_id uuid := (send ->> 'id')::uuid;
  known public.idempotency_keys;
begin
  select s.* into strict session
    from public.whatsapp_sessions s where s.uid = (send ->> 'uid')::uuid;

  if send ->> 'idempotency_key' is not null then
    insert into public.idempotency_keys (tenant_id, key, request_hash, message_id)
      values (session.tenant_id, send ->> 'idempotency_key', send ->> 'request_hash', new_id)
      on conflict do nothing;
    select i.* into strict known from public.idempotency_keys i
      where i.tenant_id = session.tenant_id and i.key = send ->> 'idempotency_key';
    if known.request_hash <> send ->> 'request_hash' then
      return jsonb_build_object('id', new_id, 'outcome', 'mismatch');
    elsif known.message_id <> new_id then
      return jsonb_build_object('id', new_id, 'outcome', 'replayed',
        'message', public.message_json(known.message_id));
    end if;
  end if;

  insert into public.messages (
    id, tenant_id, session_uid, session_id, direction, source, chat_id, phone_number, lid, type,
    message, status, wa_message_id, content, created_at)
  values (
    new_id, session.tenant_id, session.uid, session.session_id, 'out', 'api',
    send ->> 'chat_id', send ->> 'phone', send ->> 'lid', send ->> 'type', send ->> 'text',
    'SENDING', send ->> 'wa_message_id', decode(send ->> 'content', 'base64'),
    public.uuid_v7_time(new_id))
  on conflict (id) do nothing;

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
begin
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
            not_before = clock_timestamp() + (outcome ->> 'retry_in_ms')::bigint * interval '1 ms'
        where m.id = message_id and m.session_uid = of_session
          and m.status in ('QUEUED', 'SENDING') and m.attempts = (outcome ->> 'attempts')::integer
        returning m.source into changed_source;
  end case;

  if changed_source = 'queue' then
    perform public.postpone_next_drip(of_session);
  end if;
  return case when changed_source is null or outcome ->> 'status' = 'QUEUED' then '[]'::jsonb
    else jsonb_build_array(
      public.message_event(message_id, 'message.' || lower(outcome ->> 'status'))) end;
end;
$$;

-- Returns the messages that have no ack, oldest first. They are sent again under the same ids after
-- a reconnect. `[{ id, wa_message_id, chat_id, content, source, attempts }]`, as one value for the
-- reason given at event_heads.
create function public.load_in_flight(session_uid uuid) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(unacknowledged) order by unacknowledged.id), '[]')
  from (
    select m.id, m.wa_message_id, m.chat_id, encode(m.content, 'base64') as content, m.source,
           m.attempts
    from public.messages m
    where m.session_uid = load_in_flight.session_uid and m.rare_status = 'SENDING'
  ) unacknowledged;
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
