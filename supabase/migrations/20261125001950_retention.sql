-- Removing what is older than its retention, in steps that stay far below a statement timeout. The
-- control plane's cron calls purge_expired every minute until it returns true.

alter table public.tenants
  -- Events and their deliveries; streams and endpoints can resume and replay within it.
  add column event_retention_days integer not null default 7
    check (event_retention_days between 1 and 365),
  -- Null keeps the history.
  add column message_retention_days integer check (message_retention_days between 1 and 3650),
  -- Null keeps the files as long as their messages.
  add column media_retention_days integer check (media_retention_days between 1 and 3650);

create index messages_by_stored_file on public.messages (tenant_id, id)
  where media ->> 'status' = 'stored';
create index idempotency_keys_by_time on public.idempotency_keys (created_at);

-- What still holds a QR or pairing code; purge_expired takes it out when it has expired.
create index events_with_qr on public.events (created_at)
  where type = 'session.qr_code' and data ->> 'qr' is not null;
create index whatsapp_sessions_with_code on public.whatsapp_sessions (uid)
  where qr is not null or pairing_code is not null;

create table public.purge_progress (
  id boolean primary key default true check (id),
  -- The tenant after which the next step goes on; null: the round is over.
  after_tenant text,
  round_started_at timestamptz not null default '-infinity'
);
insert into public.purge_progress default values;
comment on table public.purge_progress is
  'How far purge_expired has come. One row, which nobody removes.';

-- Removes at most `max_rows` rows of each kind of one tenant, the oldest first. Returns how many.
create function public.purge_tenant(tenant public.tenants, max_rows integer) returns integer
language plpgsql volatile set search_path = ''
as $$
declare
  events_before timestamptz := now() - tenant.event_retention_days * interval '1 day';
  messages_before uuid :=
    public.uuid_v7_floor(now() - tenant.message_retention_days * interval '1 day');
  media_before uuid :=
    public.uuid_v7_floor(now() - tenant.media_retention_days * interval '1 day');
  counts_before timestamptz := now() - interval '400 days';
  first_seq bigint;
  expired integer := 0;
  removed integer;
  total integer := 0;
begin
  -- The events of a tenant are in the order of their time. Only as many of the oldest are read as can
  -- have expired: the next power of two, found by looking at single rows.
  select e.seq into first_seq from public.events e
    where e.tenant_id = tenant.tenant_id order by e.seq limit 1;
  while expired < max_rows loop
    exit when not coalesce((
      select e.created_at < events_before from public.events e
      where e.tenant_id = tenant.tenant_id and e.seq >= first_seq + expired / 2
      order by e.seq limit 1), false);
    expired := least(greatest(1, expired * 2), max_rows);
  end loop;
  if expired > 0 then
    delete from public.events e
      where e.tenant_id = tenant.tenant_id and e.seq = any (array(
        select oldest.seq
        from (
          select o.seq, o.created_at from public.events o
          where o.tenant_id = tenant.tenant_id order by o.seq limit expired
        ) oldest
        where oldest.created_at < events_before));
    get diagnostics removed = row_count;
    total := total + removed;
  end if;

  delete from public.webhook_deliveries d
    where d.tenant_id = tenant.tenant_id and d.status <> 'pending' and d.id = any (array(
      select o.id from public.webhook_deliveries o
      where o.tenant_id = tenant.tenant_id and o.id < public.uuid_v7_floor(events_before)
      order by o.id limit max_rows));
  get diagnostics removed = row_count;
  total := total + removed;

  delete from public.api_calls a
    where a.tenant_id = tenant.tenant_id and a.hour = any (array(
      select o.hour from public.api_calls o
      where o.tenant_id = tenant.tenant_id and o.hour < counts_before
      order by o.hour limit max_rows));
  get diagnostics removed = row_count;
  total := total + removed;

  delete from public.bulk_sends b
    where b.tenant_id = tenant.tenant_id and b.id = any (array(
      select o.id from public.bulk_sends o
      where o.tenant_id = tenant.tenant_id and o.id < coalesce(messages_before, '00000000-0000-0000-0000-000000000000')
      order by o.id limit max_rows));
  get diagnostics removed = row_count;
  total := total + removed;

  delete from public.message_counts c
    where c.ctid = any (array(
      select o.ctid from public.message_counts o
      where o.tenant_id = tenant.tenant_id and o.hour < counts_before
      order by o.hour limit max_rows));
  get diagnostics removed = row_count;
  total := total + removed;

  delete from public.delivery_counts c
    where c.ctid = any (array(
      select o.ctid from public.delivery_counts o
      where o.tenant_id = tenant.tenant_id and o.hour < counts_before
      order by o.hour limit max_rows));
  get diagnostics removed = row_count;
  total := total + removed;

  if messages_before is not null then
    delete from public.messages m
      where m.status not in ('QUEUED', 'SENDING') and m.id = any (array(
        select o.id
        from unnest(array['in', 'out']) d(direction)
        cross join lateral (
          select m.id from public.messages m
          where m.tenant_id = tenant.tenant_id and m.direction = d.direction
            and m.id < messages_before
          order by m.id limit max_rows
        ) o
        limit max_rows));
    get diagnostics removed = row_count;
    total := total + removed;
  end if;

  if media_before is not null then
    with old as (
      update public.messages m
        set media = m.media || '{"status": "deleted", "url": null}'
        from (
          select o.id, o.media from public.messages o
          where o.tenant_id = tenant.tenant_id and o.media ->> 'status' = 'stored'
            and o.id < media_before
          order by o.id limit max_rows
        ) before
        where m.id = before.id and m.status not in ('QUEUED', 'SENDING')
        returning public.media_path(m.tenant_id, before.media) as path
    )
    insert into public.media_removals (path) select o.path from old o on conflict (path) do nothing;
    get diagnostics removed = row_count;
    total := total + removed;
  end if;
  return total;
end;
$$;

-- Takes expired QR and pairing codes out of at most `max_rows` events and sessions: whoever reads the
-- log later learns that there was one, not which.
create function public.purge_codes(max_rows integer) returns void
language plpgsql volatile set search_path = '' set enable_seqscan = off
as $$
begin
  update public.events e
    set data = e.data || '{"qr": null}'
    from (
      select o.tenant_id, o.seq from public.events o
      where o.type = 'session.qr_code' and o.data ->> 'qr' is not null
        and (o.data ->> 'expires_at')::timestamptz < now()
      order by o.created_at limit max_rows
    ) expired
    where e.tenant_id = expired.tenant_id and e.seq = expired.seq;

  update public.whatsapp_sessions s
    set qr = case when s.qr_expires_at >= now() then s.qr end,
        pairing_code = case when s.pairing_code_expires_at >= now() then s.pairing_code end
    where s.uid = any (array(
      select o.uid from public.whatsapp_sessions o
      where (o.qr is not null or o.pairing_code is not null)
        and (o.qr_expires_at < now() or o.pairing_code_expires_at < now())
      limit max_rows));
end;
$$;

-- One step: at most `max_tenants` tenants and about `max_rows` rows of each kind. Returns true when
-- nothing is left to do. A round through all tenants begins every hour: looking at each costs half a
-- millisecond, also when nothing of it is expired.
create function public.purge_expired(
  max_tenants integer default 200, max_rows integer default 2000
) returns boolean
language plpgsql volatile set search_path = ''
as $$
declare
  progress public.purge_progress;
  position text;
  tenant public.tenants;
  removed integer;
  seen integer := 0;
  is_done boolean;
begin
  -- One step at a time, whoever calls: a second caller has nothing to do.
  select p.* into progress from public.purge_progress p for update skip locked;
  if not found then
    return true;
  end if;
  is_done := public.remove_deleted(max_rows) = 0;

  delete from public.idempotency_keys k
    where k.ctid = any (array(
      select o.ctid from public.idempotency_keys o
      where o.created_at < now() - interval '1 day' order by o.created_at limit max_rows));
  get diagnostics removed = row_count;
  is_done := is_done and removed < max_rows;

  perform public.purge_codes(max_rows);

  update public.webhook_endpoints w
    set former_secret = null, former_secret_until = null
    where w.id = any (array(
      select o.id from public.webhook_endpoints o
      where o.former_secret_until < now() limit max_rows));

  position := progress.after_tenant;
  if position is null then
    if progress.round_started_at > now() - interval '1 hour' then
      return is_done;
    end if;
    position := '';
    update public.purge_progress set round_started_at = now();
  end if;

  for tenant in
    select t.* from public.tenants t
    where t.tenant_id > position
    order by t.tenant_id limit max_tenants
  loop
    seen := seen + 1;
    removed := public.purge_tenant(tenant, max_rows);
    if removed >= max_rows then
      -- There may be more of it: the next step goes on with this tenant.
      update public.purge_progress set after_tenant = position;
      return false;
    end if;
    position := tenant.tenant_id;
  end loop;
  update public.purge_progress set after_tenant = case when seen < max_tenants then null else position end;
  return seen < max_tenants and is_done;
end;
$$;
