-- What WhatsApp delivers to a session: messages and receipts.

-- Stores a message that was received, or that was synced because the account's own phone sent it
-- (direction out). Returns the events to emit: none when the message is already stored, because
-- WhatsApp delivers at least once.
create function public.record_message(received jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  session public.whatsapp_sessions;
  stored_id uuid;
  is_incoming boolean := received ->> 'direction' = 'in';
  media jsonb := nullif(received -> 'media', 'null');
begin
  select s.* into strict session
    from public.whatsapp_sessions s where s.uid = (received ->> 'uid')::uuid;

  insert into public.messages (
    tenant_id, session_uid, session_id, direction, source, chat_id, phone_number, lid, participant,
    type, message, media, status, wa_message_id, content, sent_at)
  values (
    session.tenant_id, session.uid, session.session_id, received ->> 'direction',
    case when is_incoming then 'contact' else 'phone' end,
    received ->> 'chat_id', received ->> 'phone', received ->> 'lid', received ->> 'participant',
    received ->> 'type', received ->> 'text', media,
    case when is_incoming then 'RECEIVED' else 'SENT' end,
    received ->> 'wa_message_id', decode(received ->> 'content', 'base64'),
    (received ->> 'sent_at')::timestamptz)
  on conflict (session_uid, wa_message_id, direction, chat_id) do nothing
  returning id into stored_id;

  if stored_id is null then
    return '[]';
  end if;
  if media ->> 'status' = 'pending' then
    insert into public.media_downloads (message_id, session_uid) values (stored_id, session.uid);
  end if;
  return public.hold_or_emit(
    stored_id, case when is_incoming then 'message.received' else 'message.sent' end,
    coalesce((received ->> 'wait_for_media')::boolean, false));
end;
$$;

-- Whether the session has a message with this WhatsApp id, in either direction.
create function public.has_message(session_uid uuid, wa_message_id text) returns boolean
language sql stable set search_path = ''
as $$
  with named as materialized ( -- See record_receipt.
    select m.session_uid from public.messages m where m.wa_message_id = has_message.wa_message_id
  )
  select exists (select from named n where n.session_uid = has_message.session_uid);
$$;

-- Moves an outgoing message to DELIVERED or READ, never back. A receipt that comes before the ack
-- counts as the ack too. Returns the events to emit.
create function public.record_receipt(receipt jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  message public.messages;
  was_sent boolean;
  received_at timestamptz := coalesce((receipt ->> 'at')::timestamptz, clock_timestamp());
  new_status text := receipt ->> 'status';
begin
  -- By WhatsApp's id first: in a database that was never analyzed, the planner takes any index of
  -- the session to be as good and reads the whole history of the session.
  with candidates as materialized (
    select m.id, m.session_uid, m.direction from public.messages m
    where m.wa_message_id = receipt ->> 'wa_message_id'
  )
  select c.id into message.id from candidates c
    where c.session_uid = (receipt ->> 'uid')::uuid and c.direction = 'out'
    limit 1;
  select m.* into message from public.messages m where m.id = message.id for update;
  if message.id is null
    or public.status_rank(message.status) >= public.status_rank(new_status) then
    return '[]';
  end if;
  was_sent := message.sent_at is not null;

  update public.messages m
    set status = new_status,
        sent_at = coalesce(m.sent_at, received_at),
        -- WhatsApp gives the time of a receipt in whole seconds, so it may be before sent_at.
        delivered_at = coalesce(m.delivered_at, greatest(received_at, m.sent_at)),
        read_at = case when new_status = 'READ'
          then greatest(received_at, m.sent_at, m.delivered_at) else m.read_at end,
        error = null
    where m.id = message.id;

  return case when was_sent then '[]'::jsonb
      else jsonb_build_array(
        public.message_event(message.id, 'message.sent', message.status)) end
    || jsonb_build_array(public.message_event(
      message.id, 'message.' || lower(new_status),
      case when was_sent then message.status else 'SENT' end));
end;
$$;
