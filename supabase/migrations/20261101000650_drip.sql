-- The drip queue: rows of `messages` with status QUEUED, sent one at a time per session. The pace
-- is a column, so that a restarted or another connector goes on with it and not from anew.

alter table public.whatsapp_sessions
  -- Nothing queued leaves the session earlier.
  add column next_drip_at timestamptz not null default now();

-- For each connected session of a connector the message that is next, and in how long the session
-- may send it. The oldest goes first; one that waits to be tried again holds up its own chat only.
create function public.load_drips(connector_id uuid)
returns table (
  uid uuid, id uuid, chat_id text, type text, message text, attempts integer,
  send_interval_ms integer, due_in_ms bigint
)
language sql stable set search_path = ''
as $$
  select s.uid, head.id, head.chat_id, head.type, head.message, head.attempts, t.send_interval_ms,
         greatest(0, ceil(extract(epoch from s.next_drip_at - now()) * 1000))::bigint
  from public.whatsapp_sessions s
  join public.tenants t on t.tenant_id = s.tenant_id
  cross join lateral (
    select m.*
    from public.messages m
    where m.session_uid = s.uid and m.status = 'QUEUED'
      and (m.not_before is null or m.not_before <= now())
      -- Not `not exists`: as a join it would read the whole queue to find its head.
      and (
        select earlier.id from public.messages earlier
        where earlier.session_uid = m.session_uid and earlier.chat_id = m.chat_id
          and earlier.status = 'QUEUED' and earlier.id < m.id and earlier.not_before > now()
        limit 1
      ) is null
    order by m.id
    limit 1
  ) head
  where s.connector_id = load_drips.connector_id and s.state = 'connected';
$$;

-- Takes a message out of the queue before it touches a socket, and moves the session's pace with
-- it. `outcome` is created, or gone when it is not queued any more.
create function public.begin_drip(drip jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  queued public.messages;
  dropped jsonb;
begin
  select m.* into queued from public.messages m
    where m.id = (drip ->> 'id')::uuid and m.session_uid = (drip ->> 'uid')::uuid
    for update;
  if queued.status = 'SENDING' and queued.wa_message_id = drip ->> 'wa_message_id' then
    -- Asked again because the answer got lost.
    return jsonb_build_object('outcome', 'created', 'message', public.message_json(queued.id));
  elsif queued.status is distinct from 'QUEUED' then
    return jsonb_build_object('outcome', 'gone');
  end if;

  update public.messages m
    set status = 'SENDING', wa_message_id = drip ->> 'wa_message_id',
        content = decode(drip ->> 'content', 'base64'), chat_id = drip ->> 'chat_id',
        phone_number = drip ->> 'phone', lid = drip ->> 'lid', not_before = null
    where m.id = queued.id;
  update public.whatsapp_sessions s
    set next_drip_at = clock_timestamp() + (drip ->> 'interval_ms')::bigint * interval '1 ms'
    where s.uid = queued.session_uid;

  -- The same text to the same chat, queued again behind this one, is a mistake of whoever queued
  -- it. Failed and not deleted: nothing that was asked for vanishes without an answer.
  with duplicates as (
    update public.messages m
      set status = 'FAILED', error = jsonb_build_object('code', 'duplicate', 'message',
            'The same text to the same chat was already queued, as message ' || queued.id || '.')
      where m.session_uid = queued.session_uid and m.chat_id = queued.chat_id
        and m.status = 'QUEUED' and m.type = queued.type and m.message = queued.message
        and m.id > queued.id
      returning m.id
  )
  select coalesce(jsonb_agg(d.id order by d.id), '[]') into dropped from duplicates d;

  return jsonb_build_object(
    'outcome', 'created',
    'message', public.message_json(queued.id),
    'events', (
      select coalesce(jsonb_agg(public.message_event(d.id::uuid, 'message.failed')), '[]')
      from jsonb_array_elements_text(dropped) as d(id)));
end;
$$;

-- A queued message came to its end just now, perhaps long after it was taken out of the queue: the
-- next one keeps its distance from that, too.
create function public.pace_drips(session_uid uuid) returns void
language sql volatile set search_path = ''
as $$
  update public.whatsapp_sessions s
    set next_drip_at = greatest(
      s.next_drip_at, clock_timestamp() + t.send_interval_ms * interval '1 ms')
    from public.tenants t
    where s.uid = pace_drips.session_uid and t.tenant_id = s.tenant_id;
$$;
