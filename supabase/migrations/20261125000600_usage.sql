-- What GET /tenant/stats adds up: API calls, messages and webhook deliveries, per tenant and hour.

create table public.api_calls (
  tenant_id text not null references public.tenants on delete cascade,
  hour timestamptz not null check (hour = date_trunc('hour', hour, 'UTC')),
  calls bigint not null,
  last_batch uuid not null,
  primary key (tenant_id, hour)
) with (fillfactor = 50);
comment on table public.api_calls is
  'The number of API calls of each tenant in each hour. purge_expired removes rows older than 400 days.';

-- Adds the calls of a batch. The object that counts a tenant's requests sends a batch again when it
-- got no answer; it is added once. Calls of a tenant that was deleted meanwhile are dropped.
create function public.count_api_calls(
  tenant_id text, hour timestamptz, calls bigint, batch uuid
) returns void
language sql volatile set search_path = ''
as $$
  insert into public.api_calls as a (tenant_id, hour, calls, last_batch)
  select t.tenant_id, count_api_calls.hour, count_api_calls.calls, count_api_calls.batch
  from public.tenants t where t.tenant_id = count_api_calls.tenant_id
  on conflict (tenant_id, hour) do update
    set calls = a.calls + excluded.calls, last_batch = excluded.last_batch
    where a.last_batch <> excluded.last_batch;
$$;

create table public.message_counts (
  tenant_id text not null references public.tenants on delete cascade,
  -- Of the messages' creation.
  hour timestamptz not null,
  direction text not null,
  type text not null,
  -- How many of them have each status. QUEUED and SENDING are counted when they are asked for.
  received bigint not null,
  sent bigint not null,
  delivered bigint not null,
  read bigint not null,
  failed bigint not null,
  primary key (tenant_id, hour, direction, type)
  -- Each change is made on the same page, without touching the index.
) with (fillfactor = 50);
comment on table public.message_counts is
  'Messages of each tenant by the hour of their creation, direction, type and status. emit_events changes it in the transaction that changes the messages. purge_expired removes rows older than 400 days.';

create table public.delivery_counts (
  tenant_id text not null references public.tenants on delete cascade,
  -- Not a foreign key: the count outlives the endpoint. It is part of the key so that the endpoints
  -- of a tenant do not wait for each other.
  endpoint_id uuid not null,
  hour timestamptz not null,
  delivered bigint not null,
  failed bigint not null,
  primary key (tenant_id, hour, endpoint_id)
) with (fillfactor = 50);
comment on table public.delivery_counts is
  'Finished webhook deliveries of each endpoint by the hour of their creation. Changed in the transaction that changes the deliveries. purge_expired removes rows older than 400 days.';

-- Counts the messages that these events of a tenant moved to another status. `previous_status` of an
-- event is the status that its message had, if that was counted.
create function public.count_messages(tenant_id text, new_events jsonb) returns void
language sql volatile set search_path = ''
as $$
  insert into public.message_counts as c (
    tenant_id, hour, direction, type, received, sent, delivered, read, failed)
  select count_messages.tenant_id, e.hour, e.direction, e.type,
         count(*) filter (where e.status = 'received'),
         count(*) filter (where e.status = 'sent') - count(*) filter (where e.previous = 'SENT'),
         count(*) filter (where e.status = 'delivered')
           - count(*) filter (where e.previous = 'DELIVERED'),
         count(*) filter (where e.status = 'read'),
         count(*) filter (where e.status = 'failed') - count(*) filter (where e.previous = 'FAILED')
  from (
    select date_trunc('hour', (n.value #>> '{data,created_at}')::timestamptz, 'UTC') as hour,
           n.value #>> '{data,direction}' as direction,
           n.value #>> '{data,type}' as type,
           substr(n.value ->> 'type', 9) as status,
           n.value ->> 'previous_status' as previous
    from jsonb_array_elements(new_events) n
    where n.value ->> 'tenant_id' = count_messages.tenant_id
      and n.value ->> 'type' in (
        'message.received', 'message.sent', 'message.delivered', 'message.read', 'message.failed')
      and n.value #>> '{data,created_at}' is not null
  ) e
  group by e.hour, e.direction, e.type
  on conflict (tenant_id, hour, direction, type) do update set
    received = c.received + excluded.received,
    sent = c.sent + excluded.sent,
    delivered = c.delivered + excluded.delivered,
    read = c.read + excluded.read,
    failed = c.failed + excluded.failed;
$$;
