-- The drip queue: rows of messages with status QUEUED, which each session sends one at a time.
-- whatsapp_sessions.next_drip_at keeps the pace.

-- Returns, for each connected session of a connector, the next message of its queue and the time
-- until the session may send it. The oldest message goes first. A message that waits for its next
-- attempt delays the messages of its own chat only. One value for the reason given at event_heads.
create function public.load_drip_heads(connector_id uuid) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'uid', s.uid, 'id', head.id, 'chat_id', head.chat_id, 'type', head.type,
    'message', head.message, 'attempts', head.attempts, 'send_interval_ms', t.send_interval_ms,
    'due_in_ms', greatest(0, ceil(extract(epoch from s.next_drip_at - now()) * 1000))::bigint)), '[]')
  from public.whatsapp_sessions s
  join public.tenants t on t.tenant_id = s.tenant_id
  cross join lateral (
    select m.*
    from public.messages m
    where m.session_uid = s.uid and m.rare_status = 'QUEUED'
      and (m.not_before is null or m.not_before <= now())
      -- Not `not exists`: as a join it would read the whole queue to find its first row.
      and (
        select earlier.id from public.messages earlier
        where earlier.session_uid = m.session_uid and earlier.chat_id = m.chat_id
          and earlier.rare_status = 'QUEUED' and earlier.id < m.id and earlier.not_before > now()
        limit 1
      ) is null
    order by m.id
    limit 1
  ) head
  where s.connector_id = load_drip_heads.connector_id and s.state = 'connected';
$$;

-- Takes a message out of the queue and stores its intent, before anything is sent, and moves
-- next_drip_at. `outcome` is `created`; `gone` when the message is not queued any more; or
-- `not_linked` when the account was unlinked meanwhile. Later duplicates in the queue fail; their
-- events are in `events`.
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
  elsif queued.status is distinct from 'QUEUED' then
    return jsonb_build_object('outcome', 'gone');
  elsif not exists (
    select from public.whatsapp_sessions s
    where s.uid = queued.session_uid and (s.phone is not null or s.lid is not null)
  ) then
    return jsonb_build_object('outcome', 'not_linked');
  end if;

  update public.messages m
    set status = 'SENDING', expires_at = now() + public.intent_lifetime(), resends = 0,
        wa_message_id = dequeue ->> 'wa_message_id',
        content = decode(dequeue ->> 'content', 'base64'), chat_id = dequeue ->> 'chat_id',
        phone_number = dequeue ->> 'phone', lid = dequeue ->> 'lid', not_before = null
    where m.id = queued.id;
  update public.whatsapp_sessions s
    set next_drip_at = clock_timestamp() + (dequeue ->> 'interval_ms')::bigint * interval '1 ms'
    where s.uid = queued.session_uid;

  -- A later row with the same text for the same chat was queued by mistake. It becomes FAILED and
  -- is not deleted, so that whoever queued it gets an answer.
  with duplicates as (
    update public.messages m
      set status = 'FAILED', error = jsonb_build_object('code', 'duplicate', 'message',
            'The same text to the same chat was already queued, as message ' || queued.id || '.')
      where m.session_uid = queued.session_uid and m.chat_id = queued.chat_id
        and m.rare_status = 'QUEUED' and m.type = queued.type and m.message = queued.message
        and m.id > queued.id
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

-- Keeps the interval between the end of one queued message and the start of the next, also when
-- sending took longer than the interval.
create function public.postpone_next_drip(session_uid uuid) returns void
language sql volatile set search_path = ''
as $$
  update public.whatsapp_sessions s
    set next_drip_at = greatest(
      s.next_drip_at, clock_timestamp() + t.send_interval_ms * interval '1 ms')
    from public.tenants t
    where s.uid = postpone_next_drip.session_uid and t.tenant_id = s.tenant_id;
$$;
