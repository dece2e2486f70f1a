-- API calls per tenant and hour, for statistics.

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
