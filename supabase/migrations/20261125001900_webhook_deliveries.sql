-- What a webhook dispatcher calls.

-- Claims due deliveries of these buckets for `lease_ms`; one that is not finished by then is due
-- again. `busy_endpoints` names an endpoint once for each of its deliveries in progress. No
-- endpoint has more than `max_per_endpoint` in progress, those included, so that a slow endpoint
-- does not delay the others.
--
-- Each step is a range of one index (`cross join lateral ... limit`) or a look-up by id
-- (`= any (array(...))`), because statistics from before a backlog make the planner choose joins
-- that read the backlog once per row.
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
  ), candidates as (
    select d.id, d.endpoint_id, d.next_attempt_at
    from unnest(buckets) as b(bucket)
    cross join lateral (
      select w.id, w.endpoint_id, w.next_attempt_at
      from public.webhook_deliveries w
      where w.bucket = b.bucket and w.status = 'pending' and w.next_attempt_at <= now()
        and w.endpoint_id <> all (array(
          select busy.endpoint_id from busy where busy.deliveries >= max_per_endpoint))
      order by w.next_attempt_at
      -- More than can be claimed, so that the oldest may belong to few endpoints.
      limit max_deliveries + max_deliveries * 50 / cardinality(buckets)
    ) d
  ), ranked as (
    select c.id, c.next_attempt_at, coalesce(b.deliveries, 0) + row_number() over (
      partition by c.endpoint_id order by c.next_attempt_at, c.id) as place
    from candidates c
    left join busy b on b.endpoint_id = c.endpoint_id
  ), locked as (
    select d.id, d.status, d.next_attempt_at
    from public.webhook_deliveries d
    where d.id = any (array(
      select r.id from ranked r where r.place <= max_per_endpoint
      order by r.next_attempt_at, r.id limit max_deliveries))
    for update skip locked
  ), claimed as (
    update public.webhook_deliveries d
      set attempts = d.attempts + 1, next_attempt_at = now() + lease_ms * interval '1 ms'
      where d.id = any (array(
        -- Checked again under the lock, because another claim may have been faster. Not in the
        -- step before, which would then read the index of due deliveries instead of the ids.
        select l.id from locked l where l.status = 'pending' and l.next_attempt_at <= now()))
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
  select min(first.next_attempt_at)
  from unnest(buckets) as b(bucket)
  cross join lateral (
    select d.next_attempt_at
    from public.webhook_deliveries d
    where d.bucket = b.bucket and d.status = 'pending'
    order by d.next_attempt_at
    limit 1
  ) first;
$$;
