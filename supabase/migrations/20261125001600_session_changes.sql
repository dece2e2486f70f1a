-- Changes of state that a connector reports for a session it owns.

-- Changes the columns of a session that `patch` names. Returns the events to emit.
create function public.change_session(change jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  session_uid uuid := (change ->> 'uid')::uuid;
  patched public.whatsapp_sessions;
  patch jsonb := change -> 'patch';
begin
  select (jsonb_populate_record(s, patch)).* into strict patched
    from public.whatsapp_sessions s where s.uid = session_uid;

  update public.whatsapp_sessions s
    set state = patched.state, phone = patched.phone, lid = patched.lid,
        qr = patched.qr, qr_expires_at = patched.qr_expires_at,
        pairing_code = patched.pairing_code,
        pairing_code_expires_at = patched.pairing_code_expires_at,
        connected_at = patched.connected_at, last_disconnect = patched.last_disconnect,
        desired = patched.desired,
        connector_id = case when patched.desired = 'disconnected' and patched.state = 'disconnected'
          then null else s.connector_id end,
        updated_at = now()
    where s.uid = session_uid;

  return case when change ->> 'event' is null then '[]'::jsonb else jsonb_build_array(
    public.session_event(session_uid, change ->> 'event', coalesce(change -> 'event_data', '{}'))) end;
end;
$$;
