-- The one write of a connector: a batch in one transaction.

-- Commits everything that a connector gathered since its last commit, in one transaction. `writes`:
--   { sessions: [{ uid, epoch }],          every session that the other fields name
--     credentials, keys, clear_auth,       see write_auth
--     items: [{ kind, uid, ... }] }        see the loop below
-- Returns `{ stale: [uid], results: [...], notifications: [...] }`. The connector passes the
-- notifications of emit_events on to the hubs. Nothing of a stale session is written. There is a
-- result for each item, in the same order: for `send` that of begin_send, for `dequeue` that of
-- dequeue_message, for `resend` that of resend_message, for `outcome` the message, for `change` the
-- messages that failed with it, otherwise null.
create function public.commit_writes(connector_id uuid, writes jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  owned uuid[] := public.fence_sessions(connector_id, writes -> 'sessions');
  item jsonb;
  result jsonb;
  results jsonb := '[]';
  events jsonb := '[]';
  notifications jsonb;
begin
  perform public.write_auth(
    owned,
    coalesce(writes -> 'credentials', '[]'),
    coalesce(writes -> 'keys', '[]'),
    coalesce(writes -> 'clear_auth', '[]'));

  for item in select e.value from jsonb_array_elements(coalesce(writes -> 'items', '[]')) e loop
    result := null;
    if (item ->> 'uid')::uuid = any (owned) then
      case item ->> 'kind'
        when 'send' then result := public.begin_send(item);
        when 'dequeue' then result := public.dequeue_message(item);
        when 'resend' then result := public.resend_message(item);
        when 'outcome' then
          events := events || public.finish_send(item);
          result := public.message_json((item ->> 'id')::uuid);
        when 'message' then events := events || public.record_message(item);
        when 'media' then events := events || public.record_media(item);
        when 'upload' then perform public.record_upload(item);
        when 'receipt' then events := events || public.record_receipt(item);
        when 'change' then result := public.change_session(item);
      end case;
      events := events || coalesce(result -> 'events', '[]');
      result := result - 'events';
    end if;
    results := results || jsonb_build_array(result);
  end loop;

  notifications := public.emit_events(events, notify => false);
  return jsonb_build_object(
    'stale', (
      select coalesce(jsonb_agg(c.uid), '[]')
      from jsonb_to_recordset(writes -> 'sessions') as c(uid uuid)
      where c.uid <> all (owned)),
    'results', results,
    'notifications', notifications);
end;
$$;
