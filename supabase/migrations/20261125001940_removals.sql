-- Deleting what may have millions of rows. The tenant, session or endpoint is gone at once; its rows
-- in the large tables follow in steps, the first of them in the same transaction.

create table public.removals (
  id uuid primary key default public.uuid_v7(),
  tenant_id text not null,
  -- A deleted endpoint or session of the tenant; without either, the tenant itself is deleted.
  endpoint_id uuid,
  session_uid uuid
);
create index removals_by_tenant on public.removals (tenant_id);
comment on table public.removals is
  'Deleted tenants, sessions and endpoints that still have rows. purge_expired removes the row after the last of them.';

-- Removes at most `max_rows` rows of each kind. Returns how many; fewer than `max_rows` were the last.
create function public.remove_rows(removal public.removals, max_rows integer) returns integer
language plpgsql volatile security definer set search_path = '' set enable_seqscan = off
as $$
declare
  removed integer;
  most integer := 0;
  failed jsonb;
begin
  if removal.session_uid is not null then
    -- The history of a deleted session stays, and what was not sent yet fails.
    failed := public.fail_messages(removal.session_uid, '{QUEUED,SENDING}', 'infinity',
      jsonb_build_object('code', 'session_deleted', 'message',
        'The session was deleted before the message was sent.'), max_rows);
    perform public.emit_events(failed -> 'events');
    return jsonb_array_length(failed -> 'messages');
  end if;

  if removal.endpoint_id is not null then
    delete from public.webhook_deliveries d
      where d.tenant_id = removal.tenant_id and d.id = any (array(
        select o.id from public.webhook_deliveries o
        where o.tenant_id = removal.tenant_id and o.endpoint_id = removal.endpoint_id
        order by o.id limit max_rows));
    get diagnostics most = row_count;
    return most;
  end if;

  delete from public.webhook_deliveries d
    where d.tenant_id = removal.tenant_id and d.id = any (array(
      select o.id from public.webhook_deliveries o
      where o.tenant_id = removal.tenant_id order by o.id limit max_rows));
  get diagnostics removed = row_count;
  most := greatest(most, removed);

  delete from public.events e
    where e.tenant_id = removal.tenant_id and e.seq = any (array(
      select o.seq from public.events o
      where o.tenant_id = removal.tenant_id order by o.seq limit max_rows));
  get diagnostics removed = row_count;
  most := greatest(most, removed);

  delete from public.messages m
    where m.id = any (array(
      select o.id
      from unnest(array['in', 'out']) d(direction)
      cross join lateral (
        select m.id from public.messages m
        where m.tenant_id = removal.tenant_id and m.direction = d.direction
        order by m.id limit max_rows
      ) o
      limit max_rows));
  get diagnostics removed = row_count;
  return greatest(most, removed);
end;
$$;

-- One step of the oldest removal. Returns how many rows it removed; 0 when there is none.
create function public.remove_deleted(max_rows integer) returns integer
language plpgsql volatile set search_path = ''
as $$
declare
  removal public.removals;
  removed integer;
begin
  select r.* into removal from public.removals r order by r.id limit 1 for update skip locked;
  if not found then
    return 0;
  end if;
  removed := public.remove_rows(removal, max_rows);
  if removed < max_rows then
    delete from public.removals r where r.id = removal.id;
  end if;
  -- At least one, so that the caller comes again for the next removal.
  return greatest(removed, 1);
end;
$$;

-- Runs the first step at once: what is small is gone with the commit.
create function public.start_removal(tenant_id text, endpoint_id uuid, session_uid uuid) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  max_rows constant integer := 1000;
  removal public.removals;
begin
  removal.id := public.uuid_v7();
  removal.tenant_id := start_removal.tenant_id;
  removal.endpoint_id := start_removal.endpoint_id;
  removal.session_uid := start_removal.session_uid;
  if public.remove_rows(removal, max_rows) >= max_rows then
    insert into public.removals select removal.*;
  end if;
end;
$$;

create function public.tenants_after_delete() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  delete from public.removals r where r.tenant_id = old.tenant_id;
  perform public.start_removal(old.tenant_id, null, null);
  return null;
end;
$$;
create trigger tenants_after_delete after delete on public.tenants
  for each row execute function public.tenants_after_delete();

-- Refuses a new tenant with the id of one whose rows still exist: it would inherit them. After the
-- insert, because a concurrent delete of the former one has committed by then.
create function public.tenants_check_removed() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if exists (
    select from public.removals r
    where r.tenant_id = new.tenant_id and r.endpoint_id is null and r.session_uid is null
  ) then
    raise exception 'The data of a deleted tenant "%" is still being removed', new.tenant_id
      using errcode = '55006', hint = 'Choose another tenant_id, or try again in some minutes.';
  end if;
  return null;
end;
$$;
create trigger tenants_check_removed after insert on public.tenants
  for each row execute function public.tenants_check_removed();

create function public.webhook_endpoints_after_delete() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  -- The removal of a tenant includes its endpoints.
  if exists (select from public.tenants t where t.tenant_id = old.tenant_id) then
    perform public.start_removal(old.tenant_id, old.id, null);
  end if;
  return null;
end;
$$;
create trigger webhook_endpoints_after_delete after delete on public.webhook_endpoints
  for each row execute function public.webhook_endpoints_after_delete();
