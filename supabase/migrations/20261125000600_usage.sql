-- API calls per tenant and minute, for statistics.

create table public.api_calls (
  tenant_id text not null references public.tenants on delete cascade,
  minute timestamptz not null,
  calls bigint not null,
  primary key (tenant_id, minute)
);
comment on table public.api_calls is
  'The number of API calls of each tenant in each minute. Rows are removed with their tenant; purge_expired removes those older than 400 days.';

-- Adds `[{ tenant_id, minute, calls }]` to the counters.
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
