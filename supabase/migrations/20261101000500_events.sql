-- Events with a gapless number per tenant, and their deliveries to webhook endpoints.

-- One row per tenant, bumped in the transaction that writes the events: unlike a sequence,
-- a reader that follows the numbers can never skip an event that commits late.
create table public.event_counters (
  tenant_id text primary key references public.tenants on delete cascade,
  last_seq bigint not null default 0
) with (fillfactor = 50);

create table public.events (
  tenant_id text not null references public.tenants on delete cascade,
  seq bigint not null,
  id uuid not null default public.uuid_v7(),
  type text not null,
  session_uid uuid,
  session_id text,
  data jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, seq)
);

-- An event as SSE, webhooks and Realtime show it.
create view public.event_resources with (security_invoker = true) as
select
  'evt_' || replace(e.id::text, '-', '') as id,
  e.type,
  e.created_at as timestamp,
  e.tenant_id,
  e.session_id,
  e.seq,
  e.data
from public.events e;

create table public.webhook_endpoints (
  id uuid primary key default public.uuid_v7(),
  tenant_id text not null references public.tenants on delete cascade,
  url text not null check (url ~ '^https?://'),
  secret text not null,
  -- Null means every event.
  events text[],
  enabled boolean not null default true,
  is_default boolean not null default false,
  created_at timestamptz not null default now()
);
create index webhook_endpoints_by_tenant on public.webhook_endpoints (tenant_id);
create unique index webhook_endpoints_one_default
  on public.webhook_endpoints (tenant_id) where is_default;

create table public.webhook_deliveries (
  id uuid primary key default public.uuid_v7(),
  tenant_id text not null references public.tenants on delete cascade,
  endpoint_id uuid not null references public.webhook_endpoints on delete cascade,
  event_seq bigint not null,
  -- Which of the 16 parts of the tenant space it belongs to: what one dispatcher claims.
  bucket smallint not null,
  status text not null default 'pending' check (status in ('pending', 'delivered', 'dead')),
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  last_status_code integer,
  last_error text,
  delivered_at timestamptz,
  created_at timestamptz not null default now()
);
create index webhook_deliveries_due
  on public.webhook_deliveries (bucket, next_attempt_at) where status = 'pending';
create index webhook_deliveries_by_tenant on public.webhook_deliveries (tenant_id, id);
create index webhook_deliveries_by_endpoint on public.webhook_deliveries (endpoint_id);

-- Calls per tenant and minute, for statistics.
create table public.api_calls (
  tenant_id text not null references public.tenants on delete cascade,
  minute timestamptz not null,
  calls bigint not null,
  primary key (tenant_id, minute)
);

-- The part of the tenant space a tenant belongs to, 0 to 15: the first hex digit of the
-- SHA-256 of its id.
create function public.tenant_bucket(tenant_id text) returns smallint
language sql immutable parallel safe set search_path = ''
as $$
  select (get_byte(sha256(convert_to(tenant_id, 'UTF8')), 0) >> 4)::smallint;
$$;

-- Hints. Whoever listens must also be right without them: Realtime may drop any of these.
create function public.wake_connectors(session_uid uuid) returns void
language sql volatile security definer set search_path = ''
as $$
  select realtime.send(jsonb_build_object('session_uid', session_uid), 'wake', 'connectors', true);
$$;

create function public.wake_hub(tenant_id text, seq bigint, deliveries boolean default true)
returns void
language sql volatile security definer set search_path = ''
as $$
  select realtime.send(
    jsonb_build_object('tenant_id', tenant_id, 'seq', seq, 'deliveries', deliveries),
    'wake', 'hub:' || public.tenant_bucket(tenant_id), true);
$$;

-- Until when a tenant's frontends hold a realtime token: only so long is the full event
-- also sent to the tenant's own topic.
create table public.realtime_audiences (
  tenant_id text primary key references public.tenants on delete cascade,
  listening_until timestamptz not null
);

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
    perform realtime.send(event, event ->> 'type', 'tenant:' || publish_events.tenant_id || ':events', true);
  end loop;
end;
$$;

-- Writes events `[{ tenant_id, type, session_uid, session_id, data }]` in their order, with a
-- delivery for every webhook endpoint that wants them. Call it last in a transaction: it
-- holds the tenants' counters until the commit.
create function public.emit_events(new_events jsonb) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  tenant record;
begin
  if jsonb_array_length(new_events) = 0 then
    return;
  end if;

  for tenant in
    select e.value ->> 'tenant_id' as tenant_id, count(*) as event_count
    from jsonb_array_elements(new_events) e
    group by 1 order by 1 -- one order for everybody, so that no two writers lock crosswise
  loop
    declare
      upto bigint;
    begin
      update public.event_counters c set last_seq = c.last_seq + tenant.event_count
        where c.tenant_id = tenant.tenant_id
        returning c.last_seq into strict upto;

      insert into public.events (tenant_id, seq, type, session_uid, session_id, data)
      select tenant.tenant_id,
             upto - tenant.event_count + row_number() over (order by e.ordinality),
             e.value ->> 'type',
             (e.value ->> 'session_uid')::uuid,
             e.value ->> 'session_id',
             e.value -> 'data'
      from jsonb_array_elements(new_events) with ordinality e
      where e.value ->> 'tenant_id' = tenant.tenant_id;

      insert into public.webhook_deliveries (tenant_id, endpoint_id, event_seq, bucket)
      select tenant.tenant_id, w.id, e.seq, public.tenant_bucket(tenant.tenant_id)
      from public.events e
      join public.webhook_endpoints w on w.tenant_id = e.tenant_id
      where e.tenant_id = tenant.tenant_id
        and e.seq > upto - tenant.event_count and e.seq <= upto
        and w.enabled
        and (w.events is null or e.type = any (w.events));

      perform public.wake_hub(tenant.tenant_id, upto, found);
      perform public.publish_events(
        tenant.tenant_id, upto - tenant.event_count + 1, upto);
    end;
  end loop;
end;
$$;
