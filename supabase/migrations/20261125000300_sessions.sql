-- Connectors, the sessions that they own, and what a session needs to log in again.

create table public.connectors (
  -- Every start of a connector process makes a new id.
  id uuid primary key,
  url text not null,
  -- The Fly machine, so that Fly routes a command to this connector and not to another one.
  instance text,
  networks text[] not null,
  capacity integer not null check (capacity > 0),
  draining boolean not null default false,
  started_at timestamptz not null default now(),
  lease_expires_at timestamptz not null
);
comment on table public.connectors is
  'Connector processes and their leases. register_connector removes rows whose lease expired more than a day ago.';

create table public.whatsapp_sessions (
  uid uuid primary key default public.uuid_v7(),
  tenant_id text not null references public.tenants on delete cascade,
  session_id text not null check (session_id ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$'),
  name text not null check (length(name) between 1 and 200),
  description text,
  network text not null check (network in ('live', 'sandbox')),
  -- The state that the tenant asked for; `state` is the current one.
  desired text not null default 'connected' check (desired in ('connected', 'disconnected')),
  state text not null default 'created' check (state in (
    'created', 'connecting', 'qr', 'pairing_code', 'connected', 'reconnecting', 'logged_out',
    'disconnected')),
  phone text,
  lid text,
  qr text,
  qr_expires_at timestamptz,
  pairing_code text,
  pairing_code_expires_at timestamptz,
  connected_at timestamptz,
  last_disconnect jsonb,
  -- The account that was unlinked last, `{ phone, lid, until }`; null while one is linked.
  former_account jsonb,
  -- The owner; it counts only while the lease of that connector is valid.
  connector_id uuid references public.connectors on delete set null,
  -- The connector that it is handed over to, which alone may claim it until then.
  handed_to uuid references public.connectors on delete set null,
  handed_until timestamptz,
  -- Grows with every change of owner. A write with an older epoch is rejected.
  epoch bigint not null default 0,
  -- Grows whenever the tenant says what the session should do. A connector that stops a session by
  -- itself changes `desired` only at the version that it has read.
  desired_version bigint not null default 0,
  -- The number of the last change of state under this epoch, so that a repeated one is recognized.
  last_change bigint not null default 0,
  -- No queued message is sent before this moment. It is stored, so that the pace survives a restart
  -- and a change of owner.
  next_drip_at timestamptz not null default now(),
  -- The distance that the last queued message keeps to the next.
  drip_interval_ms bigint not null default 0,
  -- The pace of the queue, as in tenants. Null: as the tenant's.
  send_interval_ms integer check (send_interval_ms between 0 and 86400000),
  max_messages_per_minute integer check (max_messages_per_minute between 1 and 60000),
  poll_interval_ms integer check (poll_interval_ms between 1000 and 3600000),
  max_retries integer check (max_retries between 0 and 20),
  -- No queued message is sent while this is set.
  queue_paused_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (tenant_id, session_id)
);
create index whatsapp_sessions_by_connector on public.whatsapp_sessions (connector_id);
create index whatsapp_sessions_by_next_connector on public.whatsapp_sessions (handed_to)
  where handed_to is not null;
create index whatsapp_sessions_unpaired on public.whatsapp_sessions (tenant_id)
  where desired = 'connected' and phone is null;
-- The sessions that wait for an owner, paired ones first.
create index whatsapp_sessions_unowned on public.whatsapp_sessions ((phone is null), uid)
  where desired = 'connected' and connector_id is null;
comment on table public.whatsapp_sessions is
  'WhatsApp accounts of tenants. Rows are removed by delete_session and with their tenant.';

-- Refuses one session too many of a tenant: all sessions use the same connectors.
create function public.whatsapp_sessions_check_quota() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  tenant public.tenants;
begin
  -- The lock makes concurrent changes of one tenant count each other.
  select t.* into tenant from public.tenants t
    where t.tenant_id = new.tenant_id for no key update;
  if tg_op = 'INSERT' and tenant.max_sessions <= (
    select count(*) from public.whatsapp_sessions s where s.tenant_id = new.tenant_id
  ) then
    raise exception 'Tenant % already has % sessions, which is its limit',
        new.tenant_id, tenant.max_sessions
      using errcode = '54000', hint = 'Delete a session, or raise max_sessions of the tenant.';
  end if;
  if new.phone is null and tenant.max_unpaired_sessions <= (
    select count(*) from public.whatsapp_sessions s
    where s.tenant_id = new.tenant_id and s.desired = 'connected' and s.phone is null
  ) then
    raise exception 'Tenant % already has % sessions that wait to be paired, which is its limit',
        new.tenant_id, tenant.max_unpaired_sessions
      using errcode = '54000',
            hint = 'Pair, disconnect or delete one, or raise max_unpaired_sessions of the tenant.';
  end if;
  return new;
end;
$$;
create trigger whatsapp_sessions_check_new before insert on public.whatsapp_sessions
  for each row when (new.desired = 'connected')
  execute function public.whatsapp_sessions_check_quota();
create trigger whatsapp_sessions_check_wanted before update of desired on public.whatsapp_sessions
  for each row when (new.desired = 'connected' and old.desired <> 'connected')
  execute function public.whatsapp_sessions_check_quota();

create table public.session_credentials (
  session_uid uuid primary key references public.whatsapp_sessions on delete cascade,
  -- AES-256-GCM. Only connectors have the key.
  ciphertext bytea not null,
  updated_at timestamptz not null default now()
);
comment on table public.session_credentials is
  'The login of each paired session. Rows are removed by write_auth when the device is unlinked, and with their session.';

create table public.signal_keys (
  session_uid uuid not null references public.whatsapp_sessions on delete cascade,
  type text not null,
  id text not null,
  -- AES-256-GCM. Only connectors have the key.
  ciphertext bytea not null,
  primary key (session_uid, type, id)
);
comment on table public.signal_keys is
  'The Signal keys of each session. Rows are removed by write_auth when a key is used up or the device is unlinked, and with their session.';

create function public.connector_is_live(connector_id uuid) returns boolean
language sql stable security definer set search_path = ''
as $$
  select exists (
    select from public.connectors c
    where c.id = connector_id and c.lease_expires_at > now()
  );
$$;

-- A session as the API shows it. Without a live owner it is never shown as connected.
create view public.session_resources with (security_invoker = true) as
select
  s.uid,
  s.tenant_id,
  s.session_id,
  s.name,
  s.description,
  case
    when s.state in ('created', 'disconnected') then s.state
    when public.connector_is_live(s.connector_id) then s.state
    when s.desired = 'disconnected' then 'disconnected'
    when s.phone is null then 'connecting'
    else 'reconnecting'
  end as state,
  s.network,
  s.phone,
  s.lid,
  s.connected_at,
  s.last_disconnect,
  s.created_at
from public.whatsapp_sessions s;
