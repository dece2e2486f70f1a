-- Events, numbered without gaps within each tenant.

create table public.event_counters (
  tenant_id text primary key references public.tenants on delete cascade,
  last_seq bigint not null default 0
) with (fillfactor = 50);
comment on table public.event_counters is
  'The last event number of each tenant. It grows in the transaction that writes the events, so a reader that follows the numbers cannot skip an event that commits late, as it could with a sequence. Rows are removed with their tenant.';

create table public.events (
  -- Not a foreign key: the rows of a deleted tenant are removed in steps.
  tenant_id text not null,
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
  'What happened in each tenant. purge_expired removes rows after event_retention_days of the tenant, and all of a deleted tenant.';

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

-- Returns the last event number of each of these tenants: `[{ tenant_id, last_seq }]`. Like every
-- list whose length is not bounded, it is one JSON value: the REST interface cuts an answer after
-- 1,000 rows without an error.
create function public.event_heads(tenant_ids text[]) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(head)), '[]')
  from (
    select c.tenant_id, c.last_seq
    from public.event_counters c where c.tenant_id = any (tenant_ids)
  ) head;
$$;
