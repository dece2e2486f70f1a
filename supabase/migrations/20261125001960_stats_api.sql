-- The statistics of a tenant.

-- Returns what GET /tenant/stats shows of the hours from `since` until before `until`, both whole
-- hours: `{ api_calls, messages, sessions, webhooks, series }`. `series` has an entry for each
-- `bucket`, an hour or a day (UTC). Sessions and pending deliveries are those of now.
create function public.tenant_stats(
  tenant_id text, since timestamptz, until timestamptz, bucket text
) returns jsonb
language sql stable set search_path = ''
-- A plan made while the tables were empty must not scan them when they are large.
set enable_seqscan = off
as $$
  with message_numbers as materialized (
    select c.hour, c.direction, c.type, s.status, s.messages
    from public.message_counts c
    cross join lateral (values
      ('RECEIVED', c.received), ('SENT', c.sent), ('DELIVERED', c.delivered), ('READ', c.read),
      ('FAILED', c.failed)
    ) s(status, messages)
    where c.tenant_id = tenant_stats.tenant_id
      and c.hour >= tenant_stats.since and c.hour < tenant_stats.until and s.messages <> 0
    union all
    select date_trunc('hour', m.created_at, 'UTC'), m.direction, m.type, m.status, count(*)
    from public.messages m
    where m.tenant_id = tenant_stats.tenant_id and m.rare_status in ('QUEUED', 'SENDING')
      and m.id >= public.uuid_v7_floor(tenant_stats.since)
      and m.id < public.uuid_v7_floor(tenant_stats.until)
    group by 1, 2, 3, 4
  ),
  delivery_numbers as materialized (
    select d.hour, d.delivered, d.failed
    from public.delivery_counts d
    where d.tenant_id = tenant_stats.tenant_id
      and d.hour >= tenant_stats.since and d.hour < tenant_stats.until
  ),
  call_numbers as materialized (
    select a.hour, a.calls
    from public.api_calls a
    where a.tenant_id = tenant_stats.tenant_id
      and a.hour >= tenant_stats.since and a.hour < tenant_stats.until
  ),
  series as (
    select b.start, coalesce(n.calls, 0) as calls, coalesce(n.received, 0) as received,
           coalesce(n.sent, 0) as sent, coalesce(n.delivered, 0) as delivered,
           coalesce(n.failed, 0) as failed
    from generate_series(
      date_trunc(bucket, since at time zone 'UTC'),
      (until - interval '1 microsecond') at time zone 'UTC',
      ('1 ' || bucket)::interval) utc(start)
    cross join lateral (select utc.start at time zone 'UTC' as start) b
    left join (
      select date_trunc(bucket, o.hour, 'UTC') as start, sum(o.calls) as calls,
             sum(o.received) as received, sum(o.sent) as sent, sum(o.delivered) as delivered,
             sum(o.failed) as failed
      from (
        select c.hour, c.calls, 0 as received, 0 as sent, 0 as delivered, 0 as failed
        from call_numbers c
        union all
        select m.hour, 0, case m.direction when 'in' then m.messages else 0 end,
               case m.direction when 'out' then m.messages else 0 end, 0, 0
        from message_numbers m
        union all
        select d.hour, 0, 0, 0, d.delivered, d.failed from delivery_numbers d
      ) o
      group by 1
    ) n on n.start = b.start
  )
  select jsonb_build_object(
    'api_calls', (select coalesce(sum(c.calls), 0) from call_numbers c),
    'messages', jsonb_build_object(
      'in', (
        select coalesce(sum(m.messages), 0) from message_numbers m where m.direction = 'in'),
      'out', (
        select coalesce(sum(m.messages), 0) from message_numbers m where m.direction = 'out'),
      'by_status', (
        select coalesce(jsonb_object_agg(g.status, g.messages), '{}')
        from (
          select m.status, sum(m.messages) as messages from message_numbers m group by m.status
        ) g
        where g.messages <> 0),
      'by_type', (
        select coalesce(jsonb_object_agg(g.type, g.messages), '{}')
        from (select m.type, sum(m.messages) as messages from message_numbers m group by m.type) g
        where g.messages <> 0)),
    'sessions', jsonb_build_object(
      'by_state', (
        select coalesce(jsonb_object_agg(g.state, g.sessions), '{}')
        from (
          select r.state, count(*) as sessions from public.session_resources r
          where r.tenant_id = tenant_stats.tenant_id group by r.state
        ) g)),
    'webhooks', jsonb_build_object(
      'delivered', (select coalesce(sum(d.delivered), 0) from delivery_numbers d),
      'failed', (select coalesce(sum(d.failed), 0) from delivery_numbers d),
      'pending', (
        select count(*) from public.webhook_deliveries d
        where d.tenant_id = tenant_stats.tenant_id and d.status = 'pending')),
    'series', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'start', s.start,
        'api_calls', s.calls,
        'messages', jsonb_build_object('in', s.received, 'out', s.sent),
        'webhooks', jsonb_build_object('delivered', s.delivered, 'failed', s.failed)
      ) order by s.start), '[]')
      from series s));
$$;
