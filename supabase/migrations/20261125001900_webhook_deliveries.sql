-- What delivers webhooks calls, and what lists and repeats deliveries.

-- Stores what came of an endpoint's deliveries, and returns what is next for it. Null: there is no
-- such endpoint.
--
-- `results` are first attempts of the events after the cursor up to `to_seq`, in which every
-- event that is missing was filtered out; `[{ event_seq, event_id, event_type, status, retry_in_ms,
-- status_code, error, response, duration_ms }]`. They and the cursor change nothing when the
-- cursor is not within `from_seq` and `to_seq`: it was moved by somebody else. `retry_results` are
-- those of later attempts, with `id` and `attempt` in place of the event.
-- `failures` counts failed attempts since the last success; `succeeded` says whether any
-- succeeded since the last call.
--
-- Returned are the events after `read_after`, at most so many events and bytes (but one at least,
-- however large), and due retries except those in `known_retries`.
create function public.advance_endpoint(
  endpoint_id uuid,
  from_seq bigint, to_seq bigint, results jsonb, retry_results jsonb,
  failures integer, succeeded boolean,
  read_after bigint, max_events integer, max_bytes integer,
  max_retries integer, known_retries uuid[]
) returns jsonb
language plpgsql volatile set search_path = ''
-- A plan made while the tables were empty must not scan them when they are large.
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  endpoint public.webhook_endpoints;
  last_seq bigint;
  read_to bigint;
  events jsonb := '[]';
  retries jsonb := '[]';
begin
  select w.* into endpoint from public.webhook_endpoints w
    where w.id = advance_endpoint.endpoint_id;
  if to_seq > from_seq or jsonb_array_length(retry_results) > 0 then
    -- Only a call that writes locks: the others cost no commit record.
    select w.* into endpoint from public.webhook_endpoints w
      where w.id = advance_endpoint.endpoint_id
      for no key update;
  end if;
  if endpoint.id is null then
    return null;
  end if;

  if to_seq > from_seq or jsonb_array_length(retry_results) > 0 then
    endpoint := public.record_deliveries(
      endpoint, from_seq, to_seq, results, retry_results, failures, succeeded);
  end if;

  -- Read before the events: what it counts is committed, so the events are visible.
  select c.last_seq into last_seq from public.event_counters c
    where c.tenant_id = endpoint.tenant_id;
  read_to := coalesce(advance_endpoint.read_after, endpoint.cursor_seq);
  if max_events > 0 and read_to < last_seq then
    select p.events, p.read_to into events, read_to
      from public.read_endpoint_events(endpoint, read_to, last_seq, max_events, max_bytes) p;
  end if;

  select coalesce(jsonb_agg(jsonb_build_object(
      'id', d.id, 'attempt', d.attempts + 1,
      'event', (select to_jsonb(e) from public.event_resources e
                where e.tenant_id = endpoint.tenant_id and e.seq = d.event_seq)
    ) order by d.next_attempt_at, d.event_seq), '[]')
    into retries
  from (
    select d.id, d.attempts, d.event_seq, d.next_attempt_at
    from public.webhook_deliveries d
    where d.endpoint_id = endpoint.id and d.status = 'pending' and d.next_attempt_at <= now()
      and d.id <> all (known_retries)
    order by d.next_attempt_at
    limit max_retries
  ) d;

  return jsonb_build_object(
    'tenant_id', endpoint.tenant_id, 'url', endpoint.url, 'secret', endpoint.secret,
    'former_secret',
    case when endpoint.former_secret_until > now() then endpoint.former_secret end,
    'enabled', endpoint.enabled and not exists (
      select from public.tenants t
      where t.tenant_id = endpoint.tenant_id and t.suspended_at is not null),
    'failures', endpoint.failures,
    'cursor_seq', endpoint.cursor_seq, 'last_seq', last_seq,
    'read_to', read_to, 'events', events, 'retries', retries,
    'next_retry_at', (
      select d.next_attempt_at from public.webhook_deliveries d
      where d.endpoint_id = endpoint.id and d.status = 'pending'
        and d.id <> all (known_retries)
        and d.id <> all (array(
          select (r.value ->> 'id')::uuid from jsonb_array_elements(retries) r))
      order by d.next_attempt_at
      limit 1));
end;
$$;

-- The events after `read_after` that the endpoint receives, and the seq up to which that is all.
create function public.read_endpoint_events(
  endpoint public.webhook_endpoints, read_after bigint, last_seq bigint,
  max_events integer, max_bytes integer,
  out events jsonb, out read_to bigint
)
language plpgsql stable set search_path = '' set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  -- How much of the log one call looks at, when the endpoint receives few of its events.
  max_scanned constant integer := 2000;
  first_seq bigint;
  event_count integer;
  is_full boolean;
  last_read bigint;
begin
  -- Events past their retention are missing from the log.
  select e.seq into first_seq from public.events e
    where e.tenant_id = endpoint.tenant_id and e.seq > read_after
    order by e.seq limit 1;
  if first_seq is null or first_seq > last_seq then
    events := '[]';
    read_to := last_seq;
    return;
  end if;
  read_to := least(last_seq, first_seq + max_scanned - 1);

  select coalesce(jsonb_agg(to_jsonb(e) order by e.seq)
           filter (where p.place = 1 or p.bytes <= max_bytes), '[]'),
         count(*) = max_events or coalesce(bool_or(p.place > 1 and p.bytes > max_bytes), false),
         max(p.seq) filter (where p.place = 1 or p.bytes <= max_bytes)
    into events, is_full, last_read
  from (
    select w.seq,
           row_number() over (order by w.seq) as place,
           sum(octet_length(w.data::text)) over (order by w.seq) as bytes
    from (
      select e.seq, e.data from public.events e
      where e.tenant_id = endpoint.tenant_id
        and e.seq > read_after and e.seq <= read_endpoint_events.read_to
        and (endpoint.events is null or e.type = any (endpoint.events))
      order by e.seq
      limit max_events
    ) w
  ) p
  join public.event_resources e on e.tenant_id = endpoint.tenant_id and e.seq = p.seq;
  if is_full then
    read_to := last_read;
  end if;
end;
$$;

-- The part of advance_endpoint that writes. Returns the endpoint as it is then.
create function public.record_deliveries(
  endpoint public.webhook_endpoints,
  from_seq bigint, to_seq bigint, results jsonb, retry_results jsonb,
  failures integer, succeeded boolean
) returns public.webhook_endpoints
language plpgsql volatile set search_path = '' set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  -- An endpoint without a success for so long is switched off when a delivery becomes dead.
  max_failing constant interval := interval '3 days';
  old_cursor bigint := endpoint.cursor_seq;
  was_failing_since timestamptz := endpoint.failing_since;
  is_gone boolean;
  is_dead boolean;
begin
  if jsonb_array_length(retry_results) > 0 then
    with changed as (
      update public.webhook_deliveries d
        set status = r.status,
            attempts = r.attempt,
            next_attempt_at = now() + r.retry_in_ms * interval '1 ms',
            status_code = r.status_code,
            error = r.error,
            response = r.response,
            duration_ms = r.duration_ms,
            delivered_at = case when r.status = 'delivered' then now() end
        from jsonb_to_recordset(retry_results) as r(
          id uuid, attempt integer, status text, retry_in_ms integer, status_code integer,
          error text, response text, duration_ms integer)
        where d.tenant_id = endpoint.tenant_id and d.id = r.id
          -- The answer to an earlier call may have been lost.
          and d.status = 'pending' and d.attempts = r.attempt - 1
        returning d.created_at, d.status
    )
    insert into public.delivery_counts as c (tenant_id, endpoint_id, hour, delivered, failed)
    select endpoint.tenant_id, endpoint.id, date_trunc('hour', n.created_at, 'UTC'),
           count(*) filter (where n.status = 'delivered'), count(*) filter (where n.status = 'dead')
    from changed n
    where n.status <> 'pending'
    group by 3
    on conflict on constraint delivery_counts_pkey do update
      set delivered = c.delivered + excluded.delivered, failed = c.failed + excluded.failed;
  end if;

  if old_cursor between from_seq and to_seq then
    with added as (
      insert into public.webhook_deliveries (
        tenant_id, endpoint_id, event_seq, event_id, event_type, status, attempts, next_attempt_at,
        status_code, error, response, duration_ms, delivered_at)
      select endpoint.tenant_id, endpoint.id, r.event_seq, substr(r.event_id, 5)::uuid, r.event_type,
             r.status, 1, now() + r.retry_in_ms * interval '1 ms',
             r.status_code, r.error, r.response, r.duration_ms,
             case when r.status = 'delivered' then now() end
      from jsonb_to_recordset(results) as r(
        event_seq bigint, event_id text, event_type text, status text, retry_in_ms integer,
        status_code integer, error text, response text, duration_ms integer)
      where r.event_seq > old_cursor
      order by r.event_seq
      returning status, created_at
    )
    insert into public.delivery_counts as c (tenant_id, endpoint_id, hour, delivered, failed)
    select endpoint.tenant_id, endpoint.id, date_trunc('hour', n.created_at, 'UTC'),
           count(*) filter (where n.status = 'delivered'), count(*) filter (where n.status = 'dead')
    from added n
    where n.status <> 'pending'
    group by 3
    on conflict on constraint delivery_counts_pkey do update
      set delivered = c.delivered + excluded.delivered, failed = c.failed + excluded.failed;
    endpoint.cursor_seq := to_seq;
  end if;

  select coalesce(bool_or((r.value ->> 'status_code')::integer = 410), false),
         coalesce(bool_or(r.value ->> 'status' = 'dead'), false)
    into is_gone, is_dead
  from jsonb_array_elements(results || retry_results) r;

  endpoint.failures := record_deliveries.failures;
  endpoint.failing_since := case
    when record_deliveries.failures = 0 then null
    when succeeded then now()
    else coalesce(was_failing_since, now())
  end;
  if endpoint.enabled and (is_gone or is_dead and endpoint.failing_since <= now() - max_failing) then
    endpoint.enabled := false;
    endpoint.disabled_reason := case when is_gone then 'gone' else 'failing' end;
    endpoint.disabled_at := now();
  end if;

  update public.webhook_endpoints w
    set cursor_seq = endpoint.cursor_seq,
        failures = endpoint.failures,
        failing_since = endpoint.failing_since,
        enabled = endpoint.enabled,
        disabled_reason = endpoint.disabled_reason,
        disabled_at = endpoint.disabled_at
    where w.id = endpoint.id
      and (w.cursor_seq, w.failures, w.enabled)
        is distinct from (endpoint.cursor_seq, endpoint.failures, endpoint.enabled);

  if endpoint.disabled_at = now() then
    perform public.emit_events(jsonb_build_array(jsonb_build_object(
      'tenant_id', endpoint.tenant_id, 'type', 'webhook.disabled',
      'data', jsonb_build_object(
        'endpoint_id', endpoint.id, 'url', endpoint.url, 'reason', endpoint.disabled_reason))));
  end if;
  return endpoint;
end;
$$;

-- Of the enabled endpoints of these buckets after `after_id`, those with events after their cursor
-- or with retries due, in the order of their ids: what a lost notification left behind.
create function public.find_due_endpoints(buckets smallint[], after_id uuid, max_endpoints integer)
returns table (endpoint_id uuid, last_seq bigint)
language sql stable set search_path = '' set enable_seqscan = off
as $$
  -- Scalar subqueries: each is one index look-up, and no statistics can turn them into a join.
  select w.id,
         (select c.last_seq from public.event_counters c where c.tenant_id = w.tenant_id)
  from public.webhook_endpoints w
  where w.enabled and w.bucket = any (buckets) and w.id > after_id
    and (
      w.cursor_seq <
        (select c.last_seq from public.event_counters c where c.tenant_id = w.tenant_id)
      or now() >= (
        select d.next_attempt_at from public.webhook_deliveries d
        where d.endpoint_id = w.id and d.status = 'pending'
        order by d.next_attempt_at limit 1)
    )
  order by w.id
  limit max_endpoints;
$$;

-- Makes deliveries pending again, as new: due at once, with all attempts before them. Returns how
-- many. Deliveries that are pending already only become due.
create function public.redeliver(tenant_id text, delivery_ids uuid[]) returns integer
language sql volatile set search_path = '' set enable_seqscan = off
as $$
  with before as (
    select d.id, d.endpoint_id, d.status, d.created_at from public.webhook_deliveries d
    where d.tenant_id = redeliver.tenant_id and d.id = any (delivery_ids)
    order by d.id
    for update
  ),
  again as (
    update public.webhook_deliveries d
      set status = 'pending', attempts = 0, next_attempt_at = now(), delivered_at = null
      from before b
      where d.tenant_id = redeliver.tenant_id and d.id = b.id
      returning 1
  ),
  counted as (
    insert into public.delivery_counts as c (tenant_id, endpoint_id, hour, delivered, failed)
    select redeliver.tenant_id, b.endpoint_id, date_trunc('hour', b.created_at, 'UTC'),
           -count(*) filter (where b.status = 'delivered'), -count(*) filter (where b.status = 'dead')
    from before b
    where b.status <> 'pending'
    group by b.endpoint_id, 3
    order by 3, b.endpoint_id
    on conflict (tenant_id, hour, endpoint_id) do update
      set delivered = c.delivered + excluded.delivered, failed = c.failed + excluded.failed
  )
  select count(*)::integer from again;
$$;

-- Does so with the oldest dead deliveries of an endpoint.
create function public.replay_dead(tenant_id text, endpoint_id uuid, max_deliveries integer)
returns integer
language sql volatile set search_path = '' set enable_seqscan = off
as $$
  select public.redeliver(replay_dead.tenant_id, array(
    select d.id from public.webhook_deliveries d
    where d.tenant_id = replay_dead.tenant_id and d.status = 'dead'
      and d.endpoint_id = replay_dead.endpoint_id
    order by d.id
    limit max_deliveries));
$$;

-- Adds a delivery for each stored event from `from_seq` to `to_seq` that the endpoint receives.
-- Events after its cursor are still to come and not added. Returns how many were.
create function public.replay_events(
  tenant_id text, endpoint_id uuid, from_seq bigint, to_seq bigint
) returns integer
language sql volatile set search_path = '' set enable_seqscan = off
as $$
  with endpoint as materialized (
    -- The lock keeps the endpoint: without it, rows could be added after its removal.
    select w.* from public.webhook_endpoints w
    where w.id = replay_events.endpoint_id and w.tenant_id = replay_events.tenant_id
    for key share
  ),
  added as (
    insert into public.webhook_deliveries (
      tenant_id, endpoint_id, event_seq, event_id, event_type, status, attempts, next_attempt_at)
    select w.tenant_id, w.id, e.seq, e.id, e.type, 'pending', 0, now()
    from endpoint w
    join public.events e on e.tenant_id = w.tenant_id
    where e.tenant_id = replay_events.tenant_id
      and e.seq between replay_events.from_seq and least(replay_events.to_seq, w.cursor_seq)
      and (w.events is null or e.type = any (w.events))
    order by e.seq
    returning 1
  )
  select count(*)::integer from added;
$$;
