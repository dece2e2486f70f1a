-- Notifications over Realtime. Realtime may drop any of them, so every receiver also polls.

-- Tells the owner of a session that it, or its queue, changed. A session without an owner, and null,
-- which stands for any session, concern every connector.
create function public.notify_connectors(session_uid uuid) returns void
language sql volatile security definer set search_path = ''
as $$
  select realtime.send(
    jsonb_build_object('session_uid', notify_connectors.session_uid), 'changed',
    coalesce((
      select 'connector:' || s.connector_id
      from public.whatsapp_sessions s
      where s.uid = notify_connectors.session_uid and public.connector_is_live(s.connector_id)
    ), 'connectors'), true);
$$;

-- Returns the bucket of a tenant, 0 to 15: the first hex digit of the SHA-256 of its id.
create function public.tenant_bucket(tenant_id text) returns smallint
language sql immutable parallel safe set search_path = ''
as $$
  select (get_byte(sha256(convert_to(tenant_id, 'UTF8')), 0) >> 4)::smallint;
$$;

-- Returns the Realtime topic on which the hub of a tenant is notified.
create function public.hub_topic(tenant_id text) returns text
language sql immutable parallel safe set search_path = ''
as $$
  select 'hub:' || public.tenant_bucket(tenant_id);
$$;

-- Tells the hub of a tenant that events up to `seq` exist for these webhook endpoints, or that the
-- settings of these endpoints changed.
create function public.notify_hub(
  tenant_id text, seq bigint, endpoints uuid[], settings_changed boolean default false
) returns void
language sql volatile security definer set search_path = ''
as $$
  select realtime.send(
    jsonb_build_object('tenant_id', tenant_id, 'seq', seq, 'endpoints', endpoints,
      'settings_changed', settings_changed),
    'changed', public.hub_topic(tenant_id), true);
$$;

create table public.realtime_audiences (
  tenant_id text primary key references public.tenants on delete cascade,
  listening_until timestamptz not null
);
comment on table public.realtime_audiences is
  'Tenants whose frontends hold a realtime token, and until when. Their events are also sent to the topic of the tenant. Rows are removed with their tenant.';

-- Has the events of the tenant sent to its topic until this moment, or longer if that was asked for.
create function public.open_audience(tenant_id text, listening_until timestamptz) returns void
language sql volatile set search_path = ''
as $$
  insert into public.realtime_audiences as a (tenant_id, listening_until)
    values (open_audience.tenant_id, open_audience.listening_until)
    on conflict (tenant_id) do update
      set listening_until = greatest(a.listening_until, excluded.listening_until);
$$;

-- Sends the full events to the topic of the tenant while one of its frontends listens there.
create function public.publish_events(tenant_id text, from_seq bigint, to_seq bigint) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  event jsonb;
begin
  if not exists (
    select from public.realtime_audiences a
    where a.tenant_id = publish_events.tenant_id and a.listening_until > now()
  ) then
    return;
  end if;
  for event in
    select to_jsonb(e) from public.event_resources e
    where e.tenant_id = publish_events.tenant_id and e.seq between from_seq and to_seq
    order by e.seq
  loop
    perform realtime.send(
      event, event ->> 'type', 'tenant:' || publish_events.tenant_id || ':events', true);
  end loop;
end;
$$;
