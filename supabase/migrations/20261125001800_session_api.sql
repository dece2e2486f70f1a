-- What the control plane does with sessions. Every function takes the id of the tenant.

-- Raises 23505 when the tenant already has a session with this id.
create function public.create_session(
  tenant_id text, session_id text, name text, description text, network text
) returns setof public.session_resources
language plpgsql volatile set search_path = ''
as $$
#variable_conflict use_column
declare
  created uuid;
begin
  insert into public.whatsapp_sessions (tenant_id, session_id, name, description, network)
    values (create_session.tenant_id, create_session.session_id, create_session.name,
            create_session.description, create_session.network)
    returning uid into created;
  perform public.notify_connectors(created);
  return query select * from public.session_resources r where r.uid = created;
end;
$$;

-- Returns where a session runs, under which epoch, its pairing data and why its last connection ended;
-- no row when the tenant has no such session.
-- `connector_url` is null while no live connector owns the session.
create function public.locate_session(tenant_id text, session_id text)
returns table (
  uid uuid, epoch bigint, network text, state text, desired text, qr text,
  qr_expires_at timestamptz, pairing_code text, pairing_code_expires_at timestamptz,
  last_disconnect jsonb,
  connector_id uuid, connector_url text, connector_instance text
)
language sql stable set search_path = ''
as $$
  select r.uid, s.epoch, r.network, r.state, s.desired, s.qr, s.qr_expires_at,
         s.pairing_code, s.pairing_code_expires_at, s.last_disconnect, c.id, c.url, c.instance
  from public.session_resources r
  join public.whatsapp_sessions s on s.uid = r.uid
  left join public.connectors c on c.id = s.connector_id and c.lease_expires_at > now()
  where r.tenant_id = locate_session.tenant_id and r.session_id = locate_session.session_id;
$$;

-- Sets whether a session should be connected. A live owner carries out a stop; without one it is
-- carried out here. Returns false when there is no such session.
create function public.set_session_desired(tenant_id text, session_id text, desired text)
returns boolean
language plpgsql volatile set search_path = ''
as $$
#variable_conflict use_column
declare
  session public.whatsapp_sessions;
begin
  select s.* into session from public.whatsapp_sessions s
    where s.tenant_id = set_session_desired.tenant_id
      and s.session_id = set_session_desired.session_id
    for update;
  if session.uid is null then
    return false;
  end if;

  if set_session_desired.desired = 'connected' then
    update public.whatsapp_sessions s
      set desired = 'connected', desired_version = s.desired_version + 1,
          state = case when s.state = 'disconnected' then 'connecting' else s.state end,
          updated_at = now()
      where s.uid = session.uid;
  elsif public.connector_is_live(session.connector_id) then
    update public.whatsapp_sessions s
      set desired = 'disconnected', desired_version = s.desired_version + 1, updated_at = now()
      where s.uid = session.uid;
  else
    update public.whatsapp_sessions s
      set desired = 'disconnected', desired_version = s.desired_version + 1,
          state = 'disconnected', connector_id = null,
          epoch = s.epoch + 1, qr = null, qr_expires_at = null,
          pairing_code = null, pairing_code_expires_at = null, updated_at = now()
      where s.uid = session.uid;
  end if;
  perform public.notify_connectors(session.uid);
  return true;
end;
$$;

-- Removes a session with its credentials and keys. Its history stays; messages that are not sent
-- yet fail with the code session_deleted, those after the first thousand in later steps. Returns
-- false when there is no such session.
create function public.delete_session(tenant_id text, session_id text) returns boolean
language plpgsql volatile set search_path = ''
as $$
#variable_conflict use_column
declare
  deleted_uid uuid;
  deleted_event jsonb;
begin
  select s.uid into deleted_uid from public.whatsapp_sessions s
    where s.tenant_id = delete_session.tenant_id and s.session_id = delete_session.session_id
    for update;
  if deleted_uid is null then
    return false;
  end if;

  deleted_event := public.session_event(deleted_uid, 'session.disconnected',
    '{"state":"disconnected","reason":"deleted"}');
  -- Before the delete, because the events of the messages show the account of the session.
  perform public.start_removal(delete_session.tenant_id, null, deleted_uid);
  delete from public.whatsapp_sessions s where s.uid = deleted_uid;
  perform public.emit_events(jsonb_build_array(deleted_event));
  perform public.notify_connectors(deleted_uid);
  return true;
end;
$$;
