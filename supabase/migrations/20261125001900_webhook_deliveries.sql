-- What a webhook dispatcher calls.

-- Claims due deliveries of these buckets for `lease_ms`; one that is not finished by then is due
-- again. `busy_endpoints` names an endpoint once for each of its deliveries in progress. No
-- endpoint has more than `max_per_endpoint` in progress, those included, so that a slow endpoint
-- does not delay the others.
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
    -- Checked again under the lock: another claim may have been faster.
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

-- Stores `[{ id, attempt, status, status_code, error, next_attempt_at }]`; status is delivered,
-- pending (to be tried again) or dead. The result of an attempt changes nothing once a later
-- attempt has begun.
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

-- Returns when the next delivery of these buckets is due; null when none is pending.
create function public.next_delivery_at(buckets smallint[]) returns timestamptz
language sql stable set search_path = ''
as $$
  select min(d.next_attempt_at) from public.webhook_deliveries d
  where d.status = 'pending' and d.bucket = any (buckets);
$$;
