-- Webhook endpoints and the log of their deliveries. The event log is the queue: an endpoint has a
-- cursor in it, and a delivery has a row only once it was tried.

create table public.webhook_endpoints (
  id uuid primary key default public.uuid_v7(),
  tenant_id text not null references public.tenants on delete cascade,
  url text not null check (url ~ '^https?://'),
  -- AES-256-GCM, `sealed:<key id>:<base64>`; only the control plane has the key. A plain secret comes
  -- from SQL, and is encrypted by the next delivery, or by the cron within a minute.
  secret text not null,
  -- The secret before the last rotation: deliveries are signed with both until then.
  former_secret text,
  former_secret_until timestamptz,
  -- The event types to deliver; null means all.
  events text[],
  enabled boolean not null default true,
  is_default boolean not null default false,
  -- Every event up to this one is delivered, filtered out, or has a row in webhook_deliveries.
  -- A new endpoint begins at the last event of its tenant.
  cursor_seq bigint not null default 0,
  -- Failed attempts since the last success, and since when there was none.
  failures integer not null default 0,
  failing_since timestamptz,
  -- Why and when it was switched off other than by hand: gone (status 410) or failing.
  disabled_reason text check (disabled_reason in ('gone', 'failing')),
  disabled_at timestamptz,
  -- Which of the hubs looks for its lost notifications.
  bucket smallint not null generated always as (public.tenant_bucket(tenant_id)) stored,
  created_at timestamptz not null default now()
  -- The cursor moves without touching an index, on the same page.
) with (fillfactor = 50);
create index webhook_endpoints_by_tenant on public.webhook_endpoints (tenant_id, id);
create index webhook_endpoints_enabled on public.webhook_endpoints (bucket, id) where enabled;
create index webhook_endpoints_plain_secret
  on public.webhook_endpoints (id) where not starts_with(secret, 'sealed:');
create index webhook_endpoints_former_secret
  on public.webhook_endpoints (former_secret_until) where former_secret_until is not null;
create unique index webhook_endpoints_one_default
  on public.webhook_endpoints (tenant_id) where is_default;
comment on table public.webhook_endpoints is
  'URLs that receive events. Rows are removed through the admin API, when tenants.webhook_url is set to null (the default one), and with their tenant.';

create table public.webhook_deliveries (
  tenant_id text not null,
  id uuid not null default public.uuid_v7(),
  -- Not a foreign key: the rows of a deleted endpoint are removed in steps.
  endpoint_id uuid not null,
  event_seq bigint not null,
  event_id uuid not null,
  event_type text not null,
  status text not null check (status in ('pending', 'delivered', 'dead')),
  attempts integer not null,
  -- When a pending delivery is tried again.
  next_attempt_at timestamptz,
  -- Of the last attempt.
  status_code integer,
  error text,
  response text,
  duration_ms integer,
  delivered_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
-- With the tenant, which every query names: two indexes would be combined, reading all rows of both.
create index webhook_deliveries_by_endpoint
  on public.webhook_deliveries (tenant_id, endpoint_id, id);
-- An endpoint has one tenant. Taken as independent, the two would match next to no row, and the
-- planner would sort all deliveries of an endpoint rather than read a page in the order of the index.
create statistics public.webhook_deliveries_owner (dependencies)
  on tenant_id, endpoint_id from public.webhook_deliveries;
create index webhook_deliveries_due
  on public.webhook_deliveries (endpoint_id, next_attempt_at) where status = 'pending';
create index webhook_deliveries_unfinished
  on public.webhook_deliveries (tenant_id, status, id) where status <> 'delivered';
comment on table public.webhook_deliveries is
  'One event for one endpoint, with the outcome of its last attempt. purge_expired removes finished ones after event_retention_days of the tenant, and all of a deleted endpoint.';

-- A delivery as the API shows it.
create view public.webhook_delivery_resources with (security_invoker = true) as
select
  d.id,
  d.tenant_id,
  d.endpoint_id,
  'evt_' || replace(d.event_id::text, '-', '') as event_id,
  d.event_seq,
  d.event_type,
  d.status,
  d.attempts,
  d.next_attempt_at,
  d.status_code,
  d.error,
  d.response,
  d.duration_ms,
  d.delivered_at,
  d.created_at
from public.webhook_deliveries d;

-- Refuses a URL before the table's constraint does, whose error would show the row with its secret.
create function public.check_endpoint_url(url text) returns void
language plpgsql immutable set search_path = ''
as $$
begin
  if url is null or url !~ '^https?://' then
    raise exception 'url of a webhook endpoint must begin with https:// or http://'
      using errcode = '23514';
  end if;
end;
$$;

-- Places a new endpoint at the end of its tenant's log, and refuses one too many.
create function public.webhook_endpoints_before_insert() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  max_endpoints integer;
begin
  perform public.check_endpoint_url(new.url);
  new.secret := coalesce(new.secret, 'whsec_' || encode(
    uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), 'base64'));
  -- The lock makes concurrent inserts of one tenant count each other.
  select t.max_webhook_endpoints into max_endpoints from public.tenants t
    where t.tenant_id = new.tenant_id for no key update;
  -- An upsert of the default endpoint passes here too, although it adds none.
  if not (new.is_default and exists (
    select from public.webhook_endpoints w where w.tenant_id = new.tenant_id and w.is_default
  )) and max_endpoints <= (
    select count(*) from public.webhook_endpoints w where w.tenant_id = new.tenant_id
  ) then
    raise exception 'Tenant % already has % webhook endpoints, which is its limit',
        new.tenant_id, max_endpoints
      using errcode = '54000',
            hint = 'Delete an endpoint, or raise max_webhook_endpoints of the tenant.';
  end if;
  new.cursor_seq := coalesce((
    select c.last_seq from public.event_counters c where c.tenant_id = new.tenant_id), 0);
  return new;
end;
$$;
create trigger webhook_endpoints_before_insert before insert on public.webhook_endpoints
  for each row execute function public.webhook_endpoints_before_insert();

-- Switching an endpoint on by hand forgets why it was off.
create function public.webhook_endpoints_before_update() returns trigger
language plpgsql set search_path = ''
as $$
begin
  perform public.check_endpoint_url(new.url);
  if new.enabled and not old.enabled then
    new.failures := 0;
    new.failing_since := null;
    new.disabled_reason := null;
    new.disabled_at := null;
  end if;
  return new;
end;
$$;
create trigger webhook_endpoints_before_update before update on public.webhook_endpoints
  for each row execute function public.webhook_endpoints_before_update();

-- Notifies what delivers to the endpoint of changed settings.
create function public.webhook_endpoints_after_update() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform public.notify_hub(new.tenant_id, 0, array[new.id], true);
  return null;
end;
$$;
create trigger webhook_endpoints_after_update after update on public.webhook_endpoints
  for each row
  when (old.url is distinct from new.url
    or old.former_secret_until is distinct from new.former_secret_until
    -- Encrypting a secret does not change it.
    or old.secret is distinct from new.secret
      and not (starts_with(new.secret, 'sealed:') and not starts_with(old.secret, 'sealed:'))
    or old.events is distinct from new.events or old.enabled is distinct from new.enabled)
  execute function public.webhook_endpoints_after_update();

-- Nothing is delivered while the tenant is suspended: tells what delivers to its endpoints.
create function public.tenants_after_suspension() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform public.notify_hub(new.tenant_id, 0, array(
    select w.id from public.webhook_endpoints w where w.tenant_id = new.tenant_id), true);
  return null;
end;
$$;
create trigger tenants_after_suspension after update of suspended_at on public.tenants
  for each row when (old.suspended_at is distinct from new.suspended_at)
  execute function public.tenants_after_suspension();

-- Replaces a secret by its encrypted form, unless it was changed meanwhile. An argument, not a
-- filter of a request, because addresses of requests are logged.
create function public.seal_webhook_secret(endpoint_id uuid, secret text, sealed text)
returns void
language sql volatile set search_path = ''
as $$
  update public.webhook_endpoints w
    set secret = case w.secret when seal_webhook_secret.secret then sealed else w.secret end,
        former_secret = case w.former_secret when seal_webhook_secret.secret then sealed
          else w.former_secret end
    where w.id = seal_webhook_secret.endpoint_id
      and seal_webhook_secret.secret in (w.secret, w.former_secret);
$$;

-- Makes `sealed` the secret of an endpoint. The secret before it stays valid for so long; with 0
-- seconds it ends at once. Returns when it ends; null when the endpoint is not the tenant's.
create function public.rotate_webhook_secret(
  tenant_id text, endpoint_id uuid, sealed text, overlap_seconds integer
) returns timestamptz
language sql volatile set search_path = ''
as $$
  update public.webhook_endpoints w
    set former_secret = case when overlap_seconds > 0 then w.secret end,
        former_secret_until = now() + overlap_seconds * interval '1 second',
        secret = sealed
    where w.id = rotate_webhook_secret.endpoint_id
      and w.tenant_id = rotate_webhook_secret.tenant_id
    returning w.former_secret_until;
$$;

-- Returns secrets of endpoints that are not stored as `current_prefix` says: 'sealed:' finds plain
-- ones, with a key's id after it those under another key too.
create function public.stale_webhook_secrets(current_prefix text, max_endpoints integer)
returns table (id uuid, tenant_id text, secret text)
language plpgsql stable set search_path = ''
as $$
#variable_conflict use_column
begin
  if current_prefix = 'sealed:' then
    -- Written out, so that the partial index serves it.
    return query select w.id, w.tenant_id, w.secret from public.webhook_endpoints w
      where not starts_with(w.secret, 'sealed:') order by w.id limit max_endpoints;
  else
    return query select w.id, w.tenant_id, w.secret from public.webhook_endpoints w
      where not starts_with(w.secret, current_prefix) order by w.id limit max_endpoints;
  end if;
end;
$$;
