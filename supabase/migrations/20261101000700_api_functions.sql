-- What the control plane calls. Everything of a tenant takes the tenant's id.

create function public.authenticate(key_hash text)
returns table (
  key_id uuid, tenant_id text, network text, expires_at timestamptz, rate_limit_per_minute integer,
  cors_origins text[]
)
language sql stable set search_path = ''
as $$
  select k.id, k.tenant_id, k.network, k.expires_at, t.rate_limit_per_minute, t.cors_origins
  from public.api_keys k
  join public.tenants t on t.tenant_id = k.tenant_id
  where k.key_hash = authenticate.key_hash
    and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > now());
$$;

-- Raises 23505 when the tenant already has a session of this id.
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
  perform public.wake_connectors(created);
  return query select * from public.session_resources r where r.uid = created;
end;
$$;

-- Where a session is and what it shows for pairing; no row when the tenant has none such.
-- `connector_url` is null while no living connector holds it.
create function public.locate_session(tenant_id text, session_id text)
returns table (
  uid uuid, network text, state text, desired text, qr text, qr_expires_at timestamptz,
  pairing_code text, pairing_code_expires_at timestamptz,
  connector_id uuid, connector_url text, connector_instance text
)
language sql stable set search_path = ''
as $$
  select r.uid, r.network, r.state, s.desired, s.qr, s.qr_expires_at,
         s.pairing_code, s.pairing_code_expires_at, c.id, c.url, c.instance
  from public.session_resources r
  join public.whatsapp_sessions s on s.uid = r.uid
  left join public.connectors c on c.id = s.connector_id and c.lease_expires_at > now()
  where r.tenant_id = locate_session.tenant_id and r.session_id = locate_session.session_id;
$$;

-- Asks for a session to be connected, or to be stopped until it is asked for again. The owner,
-- if there is one, carries it out; without one a stop is done here. False: no such session.
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
      set desired = 'connected',
          state = case when s.state = 'disconnected' then 'connecting' else s.state end,
          updated_at = now()
      where s.uid = session.uid and s.desired <> 'connected';
  elsif public.connector_is_live(session.connector_id) then
    update public.whatsapp_sessions s set desired = 'disconnected', updated_at = now()
      where s.uid = session.uid;
  else
    update public.whatsapp_sessions s
      set desired = 'disconnected', state = 'disconnected', connector_id = null,
          epoch = s.epoch + 1, qr = null, qr_expires_at = null,
          pairing_code = null, pairing_code_expires_at = null, updated_at = now()
      where s.uid = session.uid;
  end if;
  perform public.wake_connectors(session.uid);
  return true;
end;
$$;

-- Removes a session, its credentials and keys. Its history stays; what was still to be sent
-- fails with the reason session_deleted. False: no such session.
create function public.delete_session(tenant_id text, session_id text) returns boolean
language plpgsql volatile set search_path = ''
as $$
#variable_conflict use_column
declare
  doomed uuid;
  events jsonb;
begin
  select s.uid into doomed from public.whatsapp_sessions s
    where s.tenant_id = delete_session.tenant_id and s.session_id = delete_session.session_id
    for update;
  if doomed is null then
    return false;
  end if;

  with failed as (
    update public.messages m
      set status = 'FAILED',
          error = jsonb_build_object('code', 'session_deleted', 'message',
            'The session was deleted before the message was sent.')
      where m.session_uid = doomed and m.status in ('QUEUED', 'SENDING')
      returning m.id
  )
  select coalesce(jsonb_agg(f.id), '[]') into events from failed f;
  select coalesce(jsonb_agg(public.message_event(e::uuid, 'message.failed')), '[]') into events
    from jsonb_array_elements_text(events) e;
  events := events || jsonb_build_array(
    public.session_event(doomed, 'session.disconnected',
      '{"state":"disconnected","reason":"deleted"}'));

  delete from public.whatsapp_sessions s where s.uid = doomed;
  perform public.emit_events(events);
  perform public.wake_connectors(doomed);
  return true;
end;
$$;

-- The highest event number of each of these tenants.
create function public.event_heads(tenant_ids text[])
returns table (tenant_id text, last_seq bigint)
language sql stable set search_path = ''
as $$
  select c.tenant_id, c.last_seq from public.event_counters c where c.tenant_id = any (tenant_ids);
$$;

-- Takes due deliveries of these buckets for `lease_ms`: one that is not finished by then is
-- due again. `busy_endpoints` names an endpoint once for each delivery that it is having; with
-- these none gets more than `max_per_endpoint`, so that a slow one does not keep the others
-- waiting, nor one slow answer the rest of its endpoint.
create function public.claim_deliveries(
  buckets smallint[], max_deliveries integer, lease_ms integer,
  max_per_endpoint integer default 1000, busy_endpoints uuid[] default '{}'
)
returns table (
  id uuid, tenant_id text, endpoint_id uuid, url text, secret text, attempt integer, event jsonb
)
language sql volatile set search_path = ''
as $$
  with busy as (
    select b.endpoint_id, count(*) as deliveries
    from unnest(busy_endpoints) as b(endpoint_id)
    group by 1
  ), waiting as (
    select d.id, d.endpoint_id, d.next_attempt_at
    from public.webhook_deliveries d
    where d.status = 'pending' and d.bucket = any (buckets) and d.next_attempt_at <= now()
      and not exists (
        select from busy b
        where b.endpoint_id = d.endpoint_id and b.deliveries >= max_per_endpoint)
    order by d.next_attempt_at
    limit max_deliveries * 50
  ), ranked as (
    select w.id, coalesce(b.deliveries, 0) + row_number() over (
      partition by w.endpoint_id order by w.next_attempt_at, w.id) as place
    from waiting w
    left join busy b on b.endpoint_id = w.endpoint_id
  ), due as (
    select d.id
    from public.webhook_deliveries d
    join ranked r on r.id = d.id
    -- Asked again under the lock: another claim may have been faster.
    where r.place <= max_per_endpoint and d.status = 'pending' and d.next_attempt_at <= now()
    order by d.next_attempt_at, d.id
    limit max_deliveries
    for update of d skip locked
  ), claimed as (
    update public.webhook_deliveries d
      set attempts = d.attempts + 1, next_attempt_at = now() + lease_ms * interval '1 ms'
      from due where d.id = due.id
      returning d.id, d.tenant_id, d.endpoint_id, d.event_seq, d.attempts
  )
  select c.id, c.tenant_id, c.endpoint_id, w.url, w.secret, c.attempts, to_jsonb(e)
  from claimed c
  join public.webhook_endpoints w on w.id = c.endpoint_id
  join public.event_resources e on e.tenant_id = c.tenant_id and e.seq = c.event_seq
  order by e.tenant_id, e.seq;
$$;

-- Records `[{ id, attempt, status, status_code, error, next_attempt_at }]`; status is
-- delivered, pending (to be tried again) or dead. A result of an attempt that another has
-- followed changes nothing.
create function public.finish_deliveries(results jsonb) returns void
language sql volatile set search_path = ''
as $$
  update public.webhook_deliveries d
    set status = r.status,
        last_status_code = r.status_code,
        last_error = r.error,
        next_attempt_at = coalesce(r.next_attempt_at, d.next_attempt_at),
        delivered_at = case when r.status = 'delivered' then now() end
    from jsonb_to_recordset(results) as r(
      id uuid, attempt integer, status text, status_code integer, error text,
      next_attempt_at timestamptz)
    where d.id = r.id and d.attempts = r.attempt and d.status = 'pending';
$$;

-- When the next delivery of these buckets is due; null when none waits.
create function public.next_delivery_at(buckets smallint[]) returns timestamptz
language sql stable set search_path = ''
as $$
  select min(d.next_attempt_at) from public.webhook_deliveries d
  where d.status = 'pending' and d.bucket = any (buckets);
$$;

-- Adds `[{ tenant_id, minute, calls }]` to the usage counters.
create function public.count_api_calls(counts jsonb) returns void
language sql volatile set search_path = ''
as $$
  insert into public.api_calls (tenant_id, minute, calls)
  select c.tenant_id, date_trunc('minute', c.minute), sum(c.calls)
  from jsonb_to_recordset(counts) as c(tenant_id text, minute timestamptz, calls bigint)
  join public.tenants t on t.tenant_id = c.tenant_id
  group by 1, 2
  on conflict (tenant_id, minute) do update set calls = api_calls.calls + excluded.calls;
$$;

-- For health checks: how many connectors hold a lease at this moment.
create function public.count_live_connectors() returns bigint
language sql stable set search_path = ''
as $$
  select count(*) from public.connectors c where c.lease_expires_at > now();
$$;
