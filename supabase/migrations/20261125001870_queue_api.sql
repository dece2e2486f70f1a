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
