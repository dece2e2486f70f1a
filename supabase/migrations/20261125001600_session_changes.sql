-- Changes of state that a connector reports for a session it owns.

-- Whether two identities, each with a phone and a LID where known, are of the same account.
create function public.is_same_account(
  phone_a text, lid_a text, phone_b text, lid_b text
) returns boolean
language sql immutable parallel safe set search_path = ''
as $$
  select coalesce(phone_a = phone_b, false) or coalesce(lid_a = lid_b, false);
$$;

-- Fails the messages of the account that a session had before a change, so that none is sent from
-- another one: when the account is unlinked, what is in flight; when another account is linked,
-- what is still queued too. Returns as fail_messages does.
create function public.fail_messages_of_former_account(
  stored public.whatsapp_sessions, patched public.whatsapp_sessions, reason text
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  was_linked boolean := stored.phone is not null or stored.lid is not null;
  is_linked boolean := patched.phone is not null or patched.lid is not null;
  former jsonb := case when was_linked
    then jsonb_build_object('phone', stored.phone, 'lid', stored.lid, 'until', clock_timestamp())
    else stored.former_account end;
begin
  if was_linked and not is_linked then
    return public.fail_messages(stored.uid, '{SENDING}', 'infinity', jsonb_build_object(
      'code', coalesce(reason, 'logged_out'), 'message',
      'The device was unlinked before WhatsApp confirmed the message. It may have been delivered.'));
  elsif is_linked and not public.is_same_account(
    former ->> 'phone', former ->> 'lid', patched.phone, patched.lid
  ) then
    -- Messages queued after the former account was unlinked are meant for the next one.
    return public.fail_messages(stored.uid, '{QUEUED,SENDING}',
      coalesce((former ->> 'until')::timestamptz, '-infinity'),
      jsonb_build_object('code', 'account_changed', 'message',
        'Another WhatsApp account was linked to the session before the message was sent.'));
  end if;
  return '{"messages": [], "events": []}';
end;
$$;

-- Changes the columns of a session that `patch` names. Returns the messages that fail with it and
-- the events to emit; none when the change was made before and its answer got lost. Changes of an
-- epoch are numbered from 1.
--
-- A change to the state `disconnected` ends the session: it has no owner any more. `desired` becomes
-- `disconnected` only at the version that the connector has read. If the tenant has said anything
-- else since, that counts, and a session that should be connected is claimed again.
create function public.change_session(change jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  session_uid uuid := (change ->> 'uid')::uuid;
  stored public.whatsapp_sessions;
  patched public.whatsapp_sessions;
  failed jsonb;
  number bigint := (change ->> 'number')::bigint;
begin
  select s.* into strict stored from public.whatsapp_sessions s where s.uid = session_uid;
  if number <= stored.last_change then
    return '{"failed": [], "events": []}';
  end if;
  patched := jsonb_populate_record(stored, change -> 'patch');
  if stored.desired_version <> (change ->> 'desired_version')::bigint then
    patched.desired := stored.desired;
  end if;
  if patched.state = 'disconnected' then
    patched.connector_id := null;
    if patched.desired = 'connected' then
      patched.state := case when patched.phone is null then 'connecting' else 'reconnecting' end;
      perform public.notify_connectors(session_uid);
    end if;
  end if;
  -- First, because the events of the messages show the account they were sent from.
  failed := public.fail_messages_of_former_account(
    stored, patched, change -> 'event_data' ->> 'reason');

  update public.whatsapp_sessions s
    set state = patched.state, phone = patched.phone, lid = patched.lid,
        qr = patched.qr, qr_expires_at = patched.qr_expires_at,
        pairing_code = patched.pairing_code,
        pairing_code_expires_at = patched.pairing_code_expires_at,
        connected_at = patched.connected_at, last_disconnect = patched.last_disconnect,
        former_account = case
          when patched.phone is not null or patched.lid is not null then null
          when s.phone is not null or s.lid is not null then jsonb_build_object(
            'phone', s.phone, 'lid', s.lid, 'until', clock_timestamp())
          else s.former_account end,
        desired = patched.desired, connector_id = patched.connector_id,
        last_change = coalesce(number, s.last_change), updated_at = now()
    where s.uid = session_uid;

  return jsonb_build_object(
    'failed', failed -> 'messages',
    'events', (failed -> 'events') || case when change ->> 'event' is null then '[]'::jsonb
      else jsonb_build_array(public.session_event(
        session_uid, change ->> 'event', coalesce(change -> 'event_data', '{}'))) end);
end;
$$;
