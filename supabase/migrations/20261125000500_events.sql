-- Events, numbered without gaps within each tenant; the webhook endpoints that receive them, and
-- the delivery of each event to each endpoint.

create table public.event_counters (
  tenant_id text primary key references public.tenants on delete cascade,
  last_seq bigint not null default 0
) with (fillfactor = 50);
comment on table public.event_counters is
  'The last event number of each tenant. It grows in the transaction that writes the events, so a reader that follows the numbers cannot skip an event that commits late, as it could with a sequence. Rows are removed with their tenant.';

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
comment on table public.events is
  'What happened in each tenant. Rows are removed with their tenant; nobody removes old ones yet.';

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

-- Returns the last event number of each of these tenants.
create function public.event_heads(tenant_ids text[])
returns table (tenant_id text, last_seq bigint)
language sql stable set search_path = ''
as $$
  select c.tenant_id, c.last_seq from public.event_counters c where c.tenant_id = any (tenant_ids);
$$;

create table public.webhook_endpoints (
  id uuid primary key default public.uuid_v7(),
  tenant_id text not null references public.tenants on delete cascade,
  url text not null check (url ~ '^https?://'),
  secret text not null,
  -- The event types to deliver; null means all.
  events text[],
  enabled boolean not null default true,
  is_default boolean not null default false,
  created_at timestamptz not null default now()
);
create index webhook_endpoints_by_tenant on public.webhook_endpoints (tenant_id);
create unique index webhook_endpoints_one_default
  on public.webhook_endpoints (tenant_id) where is_default;
comment on table public.webhook_endpoints is
  'URLs that receive events. Rows are removed through the admin API, when tenants.webhook_url is set to null (the default one), and with their tenant.';

create table public.webhook_deliveries (
  id uuid primary key default public.uuid_v7(),
  tenant_id text not null references public.tenants on delete cascade,
  endpoint_id uuid not null references public.webhook_endpoints on delete cascade,
  event_seq bigint not null,
  -- tenant_bucket(tenant_id). A dispatcher claims the deliveries of some buckets.
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
comment on table public.webhook_deliveries is
  'One event for one endpoint, with its attempts. Rows are removed with their endpoint and with their tenant; nobody removes finished ones yet.';
