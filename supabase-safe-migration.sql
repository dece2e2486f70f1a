-- The whole schema in one file, for the SQL editor of a Supabase project. Generated from
-- supabase/migrations by `npm run gen:schema`; change the migrations, not this file.
--
-- Safe to repeat: each migration is applied once and recorded in the table that the Supabase CLI
-- uses, so a newer version of this file, or `supabase db push`, continues where the last run ended.
-- Everything is applied, or nothing.

BEGIN;

CREATE SCHEMA IF NOT EXISTS supabase_migrations;
CREATE TABLE IF NOT EXISTS supabase_migrations.schema_migrations
  (version text PRIMARY KEY, statements text[], name text);
LOCK TABLE supabase_migrations.schema_migrations IN EXCLUSIVE MODE;

-- 20261125000100_ids
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125000100$-- Identifiers that sort by time: keyset pagination needs no second column, and an id does not
-- reveal how many rows other tenants have.

-- Returns the version 7 UUID of a moment, with the random bits of another UUID. The 12 bits after
-- the milliseconds hold the fraction of the millisecond (RFC 9562, section 6.2, method 3), so that
-- ids made in sequence sort in that sequence.
create function public.uuid_v7_at(moment timestamptz, randomness uuid) returns uuid
language sql immutable parallel safe set search_path = ''
as $$
  select encode(
    overlay(
      uuid_send(randomness)
      placing
        substring(int8send(micros / 1000) from 3)
        || substring(int4send((7 << 12) | ((micros % 1000) * 4096 / 1000)::integer) from 3)
      from 1 for 8
    ),
    'hex'
  )::uuid
  from (select floor(extract(epoch from moment) * 1000000)::bigint as micros) m;
$$;

-- Returns a version 7 UUID (RFC 9562) of the current moment. PostgreSQL has uuidv7() from version
-- 18 on; hosted projects run version 17.
create function public.uuid_v7() returns uuid
language sql volatile parallel safe set search_path = ''
as $$
  select public.uuid_v7_at(clock_timestamp(), gen_random_uuid());
$$;

-- Returns the smallest id that a row of this moment can have. It turns a filter by time into a
-- filter by id.
create function public.uuid_v7_floor(moment timestamptz) returns uuid
language sql immutable parallel safe set search_path = ''
as $$
  select public.uuid_v7_at(moment, '00000000-0000-0000-8000-000000000000');
$$;

-- Returns the moment inside a version 7 UUID, to the millisecond.
create function public.uuid_v7_time(id uuid) returns timestamptz
language sql immutable parallel safe set search_path = ''
as $$
  select to_timestamp(
    ('x0000' || substring(replace(id::text, '-', '') for 12))::bit(64)::bigint / 1000.0
  );
$$;
$migration_20261125000100$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125000100') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125000100', 'ids', ARRAY[migration]);
END;
$apply$;

-- 20261125000200_tenants
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125000200$-- Tenants and their API keys. Only the SHA-256 of a key is stored.

-- Whether each of these is an origin as browsers send it: no path, no default port, lower case. An
-- origin of another form would never match, so the table refuses it.
create function public.are_origins(origins text[]) returns boolean
language sql immutable set search_path = ''
as $$
  select coalesce(bool_and(
    length(origin) <= 300
    and origin ~ '^[a-z][a-z0-9+.-]*://([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?$'
    and origin !~ '^http://.*:80$' and origin !~ '^https://.*:443$'
  ), true)
  from unnest(origins) origin;
$$;

create table public.tenants (
  tenant_id text primary key check (tenant_id ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$'),
  name text not null check (length(name) between 1 and 200),
  -- Write-only: a trigger moves the hash of the key to api_keys and sets this column to null.
  api_key text,
  -- The default webhook endpoint. A trigger copies the URL to webhook_endpoints.
  webhook_url text,
  -- Write-only and never stored: triggers move it to webhook_endpoints.
  webhook_secret text,
  rate_limit_per_minute integer not null default 60 check (rate_limit_per_minute > 0),
  max_sessions integer not null default 250 check (max_sessions >= 0),
  -- Sessions that show a QR code or try to, until somebody pairs them or they are stopped.
  max_unpaired_sessions integer not null default 50 check (max_unpaired_sessions >= 0),
  max_webhook_endpoints integer not null default 20 check (max_webhook_endpoints >= 0),
  -- The pace of the queue, for sessions without settings of their own. Null: the default of the
  -- installation. See queue_settings.
  send_interval_ms integer check (send_interval_ms between 0 and 86400000),
  max_messages_per_minute integer check (max_messages_per_minute between 1 and 60000),
  poll_interval_ms integer check (poll_interval_ms between 1000 and 3600000),
  max_retries integer check (max_retries between 0 and 20),
  max_queued_messages integer not null default 100000 check (max_queued_messages >= 0),
  -- Origins of web pages that may call the API with a key of this tenant.
  cors_origins text[] not null default '{}'
    check (cardinality(cors_origins) <= 100 and public.are_origins(cors_origins)),
  -- Since when its keys are refused, and nothing is sent for it; null while it may work.
  suspended_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index tenants_by_cors_origin on public.tenants using gin (cors_origins) with (fastupdate = off);
comment on table public.tenants is
  'Customers of this service. Rows are removed by DELETE /admin/tenants/:tenantId; everything of the tenant is removed with them.';

create table public.api_keys (
  id uuid primary key default public.uuid_v7(),
  tenant_id text not null references public.tenants on delete cascade,
  name text not null default 'default' check (length(name) between 1 and 100),
  network text not null check (network in ('live', 'sandbox')),
  key_hash text not null unique check (key_hash ~ '^[0-9a-f]{64}$'),
  -- The first 10 characters, by which a person recognizes the key.
  key_prefix text not null,
  -- What it may do: read, send messages, manage sessions, keys and webhooks.
  scopes text[] not null default '{read,send,manage}'
    check (cardinality(scopes) > 0 and scopes <@ '{read,send,manage}'),
  -- The only sessions it may use, by their session_id; null means all of the tenant.
  session_ids text[] check (cardinality(session_ids) between 1 and 100),
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz
);
create index api_keys_by_tenant on public.api_keys (tenant_id, id);
comment on table public.api_keys is
  'API keys of tenants. Rows are removed with their tenant; nobody removes revoked and expired keys yet.';

-- Returns what is stored of a raw key. Raises 22023 when the key is malformed.
create function public.describe_api_key(api_key text)
returns table (key_hash text, key_prefix text, network text)
language plpgsql immutable set search_path = ''
as $$
begin
  if api_key !~ '^sk_(live|test)_[A-Za-z0-9_-]{12,192}$' then
    raise exception 'api_key must be sk_live_ or sk_test_ followed by 12 to 192 letters, digits, _ or -'
      using errcode = '22023',
            hint = 'sk_test_ keys create sessions on the sandbox network, sk_live_ keys on WhatsApp.';
  end if;
  return query select
    encode(sha256(convert_to(api_key, 'UTF8')), 'hex'),
    substring(api_key for 10),
    case when starts_with(api_key, 'sk_test_') then 'sandbox' else 'live' end;
end;
$$;

-- Replaces a raw key with `hash prefix network` before the row is written, so that the key itself
-- never reaches a table, the WAL or a replica.
create function public.tenants_before_write() returns trigger
language plpgsql set search_path = ''
as $$
begin
  -- An upsert fires this trigger twice: the second time the key is already replaced.
  if new.api_key !~ '^[0-9a-f]{64} ' then
    select d.key_hash || ' ' || d.key_prefix || ' ' || d.network into new.api_key
      from public.describe_api_key(new.api_key) d;
  end if;
  if new.webhook_url is null and new.webhook_secret is not null then
    raise exception 'webhook_secret needs a webhook_url' using errcode = '22023',
      hint = 'Set both in one statement.';
  end if;
  if new.webhook_secret is not null then
    -- Out of the row, for tenants_after_write: a constraint that fails shows the whole row.
    perform set_config(
      'tenants.secret_' || md5(coalesce(new.tenant_id, '')), new.webhook_secret, true);
    new.webhook_secret := null;
  end if;
  new.updated_at := now();
  return new;
end;
$$;

create function public.tenants_after_write() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  described_key text[];
  secret_setting text := 'tenants.secret_' || md5(new.tenant_id);
  new_secret text := nullif(current_setting(secret_setting, true), '');
begin
  if new_secret is not null then
    perform set_config(secret_setting, '', true);
  end if;
  insert into public.event_counters (tenant_id) values (new.tenant_id) on conflict do nothing;

  if new.api_key is not null then
    described_key := string_to_array(new.api_key, ' ');
    insert into public.api_keys (tenant_id, key_hash, key_prefix, network)
      values (new.tenant_id, described_key[1], described_key[2], described_key[3]);
  end if;

  if tg_op = 'INSERT' or new_secret is not null
    or new.webhook_url is distinct from old.webhook_url then
    if new.webhook_url is null then
      delete from public.webhook_endpoints where tenant_id = new.tenant_id and is_default;
    else
      insert into public.webhook_endpoints as w (tenant_id, url, secret, is_default)
        values (
          new.tenant_id, new.webhook_url,
          coalesce(new_secret, 'whsec_' || encode(
            uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), 'base64')),
          true)
        on conflict (tenant_id) where is_default
        do update set url = excluded.url, secret = coalesce(new_secret, w.secret);
    end if;
  end if;

  if new.api_key is not null then
    update public.tenants set api_key = null where tenant_id = new.tenant_id;
  end if;
  return null;
end;
$$;

create trigger tenants_before_write before insert or update on public.tenants
  for each row execute function public.tenants_before_write();
create trigger tenants_after_write after insert or update on public.tenants
  for each row execute function public.tenants_after_write();

-- Returns the key with this hash and the settings of its tenant; no row when the key is unknown,
-- revoked or expired.
create function public.authenticate(key_hash text)
returns table (
  key_id uuid, tenant_id text, network text, expires_at timestamptz, scopes text[],
  session_ids text[], rate_limit_per_minute integer, cors_origins text[], is_suspended boolean
)
language sql stable set search_path = ''
as $$
  select k.id, k.tenant_id, k.network, k.expires_at, k.scopes, k.session_ids,
         t.rate_limit_per_minute, t.cors_origins, t.suspended_at is not null
  from public.api_keys k
  join public.tenants t on t.tenant_id = k.tenant_id
  where k.key_hash = authenticate.key_hash
    and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > now());
$$;

-- Returns those of these keys that may be used now.
create function public.valid_keys(key_ids uuid[]) returns uuid[]
language sql stable set search_path = ''
as $$
  select array(
    select k.id from public.api_keys k
    join public.tenants t on t.tenant_id = k.tenant_id
    where k.id = any (key_ids) and k.revoked_at is null and t.suspended_at is null
      and (k.expires_at is null or k.expires_at > now()));
$$;

-- Makes a key that may do what another one may, which then expires after the overlap. A key that
-- expires is replaced by one with the same life. With `networks`, only keys of these are replaced.
-- Returns the new key; no row when the tenant has no such key, or it is not valid any more.
create function public.rotate_api_key(
  tenant_id text, key_id uuid, networks text[], key_hash text, key_prefix text,
  overlap_seconds integer
) returns setof public.api_keys
language sql volatile set search_path = ''
as $$
  with replaced as (
    update public.api_keys k
      set expires_at = least(k.expires_at, now() + overlap_seconds * interval '1 second')
      from public.api_keys before
      where k.id = rotate_api_key.key_id and k.tenant_id = rotate_api_key.tenant_id
        and before.id = k.id and k.network = any (networks) and k.revoked_at is null
        and (k.expires_at is null or k.expires_at > now())
      returning k.*, before.expires_at - k.created_at as life
  )
  insert into public.api_keys (
    tenant_id, name, network, key_hash, key_prefix, scopes, session_ids, expires_at)
  select r.tenant_id, r.name, r.network, rotate_api_key.key_hash, rotate_api_key.key_prefix,
         r.scopes, r.session_ids, now() + r.life
  from replaced r
  returning *;
$$;
$migration_20261125000200$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125000200') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125000200', 'tenants', ARRAY[migration]);
END;
$apply$;

-- 20261125000300_sessions
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125000300$-- Connectors, the sessions that they own, and what a session needs to log in again.

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
$migration_20261125000300$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125000300') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125000300', 'sessions', ARRAY[migration]);
END;
$apply$;

-- 20261125000400_messages
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125000400$-- Messages: the history, the intents of outgoing messages and the drip queue in one table.

create table public.messages (
  id uuid primary key default public.uuid_v7(),
  -- Not a foreign key: the rows of a deleted tenant are removed in steps.
  tenant_id text not null,
  -- Not a foreign key: the history outlives a deleted session, and a new session with the same
  -- session_id does not inherit it.
  session_uid uuid not null,
  session_id text not null,
  platform text not null default 'WHATSAPP' check (platform = 'WHATSAPP'),
  direction text not null default 'out' check (direction in ('in', 'out')),
  -- Where it comes from: an API call, a queued row, the account's own phone, or the contact.
  source text not null default 'queue' check (source in ('api', 'queue', 'phone', 'contact')),
  chat_id text not null,
  phone_number text,
  lid text,
  -- The sender of a group message.
  participant text,
  type text not null default 'text',
  message text,
  status text not null check (status in (
    'QUEUED', 'SENDING', 'SENT', 'DELIVERED', 'READ', 'FAILED', 'RECEIVED')),
  wa_message_id text,
  -- The encoded WhatsApp message. It is sent again under the same id after a lost ack, and answers
  -- a recipient's retry request after a restart.
  content bytea,
  -- The file of the message, in the shape of mediaSchema (shared/media.ts). `url` is the path of the
  -- file on the control plane, without a signature.
  media jsonb,
  error jsonb,
  attempts integer not null default 0,
  -- A queued message of a higher priority goes first, with what was queued before it in its chat.
  priority smallint not null default 0 check (priority between -10 and 10),
  -- When to send a queued message; null: as soon as it is its turn.
  send_at timestamptz,
  -- Whether a queued message still waits for send_at. A trigger sets it; load_drip_heads clears it.
  is_scheduled boolean not null default false,
  -- A queued message that was not sent by then expires.
  send_before timestamptz,
  -- The request of POST /session/:id/send-bulk that it belongs to.
  bulk_id uuid,
  -- When a failed attempt is repeated.
  not_before timestamptz,
  -- Without an ack by this moment, an intent fails and is not sent again.
  expires_at timestamptz,
  -- How often the intent was sent again under the same id, after a lost ack.
  resends integer not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  sent_at timestamptz,
  delivered_at timestamptz,
  read_at timestamptz,
  -- The statuses that few messages have, for the indexes.
  rare_status text generated always as (
    case when status in ('QUEUED', 'SENDING', 'FAILED') then status end) stored
)
-- Room on each page for the new versions of its rows: a sent message is updated three times.
with (fillfactor = 80);
comment on table public.messages is
  'Messages in both directions. purge_expired removes rows after message_retention_days of the tenant, and all of a deleted tenant.';

-- The id sorts by time, so each of these serves a page in both directions. None holds a column that
-- a receipt changes: moving a message to DELIVERED or READ is a HOT update, which writes no index.
create index messages_by_tenant on public.messages (tenant_id, direction, id);
create index messages_by_tenant_chat on public.messages (tenant_id, chat_id, direction, id);
create index messages_by_tenant_rare_status on public.messages (tenant_id, rare_status, id)
  where rare_status is not null;
create index messages_by_session on public.messages (session_uid, direction, id);
create index messages_by_session_chat on public.messages (session_uid, chat_id, direction, id);
-- Also the messages in flight of a session.
create index messages_by_session_rare_status on public.messages (session_uid, rare_status, id)
  where rare_status is not null;
-- The drip queue: what is next, what is next in a chat, what is due later, what expires.
create index messages_queued on public.messages (session_uid, priority desc, id)
  where rare_status = 'QUEUED' and not is_scheduled;
create index messages_queued_by_chat on public.messages (session_uid, chat_id, id)
  where rare_status = 'QUEUED' and not is_scheduled;
create index messages_scheduled on public.messages (session_uid, send_at, id)
  where rare_status = 'QUEUED' and is_scheduled;
create index messages_queued_to_expire on public.messages (session_uid, send_before)
  where rare_status = 'QUEUED' and send_before is not null;
create index messages_by_bulk on public.messages (bulk_id, id) where bulk_id is not null;
create unique index messages_by_wa_id
  on public.messages (wa_message_id, session_uid, direction, chat_id);

create table public.idempotency_keys (
  tenant_id text not null references public.tenants on delete cascade,
  key text not null,
  request_hash text not null,
  message_id uuid not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, key)
);
comment on table public.idempotency_keys is
  'The message that each Idempotency-Key of a tenant made. Rows are removed with their tenant, and by purge_expired after a day.';

-- Returns how far along a message is. A late receipt never moves a message to a lower rank.
create function public.status_rank(status text) returns integer
language sql immutable parallel safe set search_path = ''
as $$
  select case status
    when 'QUEUED' then 0 when 'SENDING' then 1 when 'FAILED' then 2
    when 'SENT' then 3 when 'DELIVERED' then 4 when 'READ' then 5 when 'RECEIVED' then 6 end;
$$;

-- A message as the API, events and webhooks show it. `from`, `to` and `message` are the seed's names;
-- the session's own side of the conversation is its current number.
create view public.message_resources with (security_invoker = true) as
select
  m.id,
  m.tenant_id,
  m.session_uid,
  m.session_id,
  m.direction,
  m.source,
  m.chat_id,
  m.phone_number as phone,
  m.lid,
  m.participant,
  m.type,
  m.message as text,
  case m.direction
    when 'in' then coalesce(m.phone_number, m.lid, m.participant, m.chat_id)
    else coalesce(s.phone, s.lid) end as "from",
  case m.direction
    when 'in' then coalesce(s.phone, s.lid)
    else coalesce(m.phone_number, m.lid, m.chat_id) end as "to",
  m.message,
  m.media,
  m.status,
  m.wa_message_id,
  m.error,
  m.created_at,
  m.sent_at,
  m.delivered_at,
  m.read_at
from public.messages m
left join public.whatsapp_sessions s on s.uid = m.session_uid;
$migration_20261125000400$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125000400') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125000400', 'messages', ARRAY[migration]);
END;
$apply$;

-- 20261125000500_events
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125000500$-- Events, numbered without gaps within each tenant.

create table public.event_counters (
  tenant_id text primary key references public.tenants on delete cascade,
  last_seq bigint not null default 0
) with (fillfactor = 50);
comment on table public.event_counters is
  'The last event number of each tenant. It grows in the transaction that writes the events, so a reader that follows the numbers cannot skip an event that commits late, as it could with a sequence. Rows are removed with their tenant.';

create table public.events (
  -- Not a foreign key: the rows of a deleted tenant are removed in steps.
  tenant_id text not null,
  seq bigint not null,
  id uuid not null default public.uuid_v7(),
  type text not null,
  session_uid uuid,
  session_id text,
  data jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, seq)
);
comment on table public.events is
  'What happened in each tenant. purge_expired removes rows after event_retention_days of the tenant, and all of a deleted tenant.';

-- An event as SSE, webhooks and Realtime show it.
create view public.event_resources with (security_invoker = true) as
select
  'evt_' || replace(e.id::text, '-', '') as id,
  e.type,
  e.created_at as timestamp,
  e.tenant_id,
  e.session_id,
  e.seq,
  e.data
from public.events e;

-- Returns the last event number of each of these tenants: `[{ tenant_id, last_seq }]`. Like every
-- list whose length is not bounded, it is one JSON value: the REST interface cuts an answer after
-- 1,000 rows without an error.
create function public.event_heads(tenant_ids text[]) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(head)), '[]')
  from (
    select c.tenant_id, c.last_seq
    from public.event_counters c where c.tenant_id = any (tenant_ids)
  ) head;
$$;
$migration_20261125000500$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125000500') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125000500', 'events', ARRAY[migration]);
END;
$apply$;

-- 20261125000600_usage
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125000600$-- What GET /tenant/stats adds up: API calls, messages and webhook deliveries, per tenant and hour.

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

create table public.message_counts (
  tenant_id text not null references public.tenants on delete cascade,
  -- Of the messages' creation.
  hour timestamptz not null,
  direction text not null,
  type text not null,
  -- How many of them have each status. QUEUED and SENDING are counted when they are asked for.
  received bigint not null,
  sent bigint not null,
  delivered bigint not null,
  read bigint not null,
  failed bigint not null,
  primary key (tenant_id, hour, direction, type)
  -- Each change is made on the same page, without touching the index.
) with (fillfactor = 50);
comment on table public.message_counts is
  'Messages of each tenant by the hour of their creation, direction, type and status. emit_events changes it in the transaction that changes the messages. purge_expired removes rows older than 400 days.';

create table public.delivery_counts (
  tenant_id text not null references public.tenants on delete cascade,
  -- Not a foreign key: the count outlives the endpoint. It is part of the key so that the endpoints
  -- of a tenant do not wait for each other.
  endpoint_id uuid not null,
  hour timestamptz not null,
  delivered bigint not null,
  failed bigint not null,
  primary key (tenant_id, hour, endpoint_id)
) with (fillfactor = 50);
comment on table public.delivery_counts is
  'Finished webhook deliveries of each endpoint by the hour of their creation. Changed in the transaction that changes the deliveries. purge_expired removes rows older than 400 days.';

-- Counts the messages that these events of a tenant moved to another status. `previous_status` of an
-- event is the status that its message had, if that was counted.
create function public.count_messages(tenant_id text, new_events jsonb) returns void
language sql volatile set search_path = ''
as $$
  insert into public.message_counts as c (
    tenant_id, hour, direction, type, received, sent, delivered, read, failed)
  select count_messages.tenant_id, e.hour, e.direction, e.type,
         count(*) filter (where e.status = 'received'),
         count(*) filter (where e.status = 'sent') - count(*) filter (where e.previous = 'SENT'),
         count(*) filter (where e.status = 'delivered')
           - count(*) filter (where e.previous = 'DELIVERED'),
         count(*) filter (where e.status = 'read'),
         count(*) filter (where e.status = 'failed') - count(*) filter (where e.previous = 'FAILED')
  from (
    select date_trunc('hour', (n.value #>> '{data,created_at}')::timestamptz, 'UTC') as hour,
           n.value #>> '{data,direction}' as direction,
           n.value #>> '{data,type}' as type,
           substr(n.value ->> 'type', 9) as status,
           n.value ->> 'previous_status' as previous
    from jsonb_array_elements(new_events) n
    where n.value ->> 'tenant_id' = count_messages.tenant_id
      and n.value ->> 'type' in (
        'message.received', 'message.sent', 'message.delivered', 'message.read', 'message.failed')
      and n.value #>> '{data,created_at}' is not null
  ) e
  group by e.hour, e.direction, e.type
  on conflict (tenant_id, hour, direction, type) do update set
    received = c.received + excluded.received,
    sent = c.sent + excluded.sent,
    delivered = c.delivered + excluded.delivered,
    read = c.read + excluded.read,
    failed = c.failed + excluded.failed;
$$;
$migration_20261125000600$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125000600') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125000600', 'usage', ARRAY[migration]);
END;
$apply$;

-- 20261125000700_notifications
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125000700$-- Notifications over Realtime. Realtime may drop any of them, so every receiver also polls.

-- Tells the owner of a session that it, or its queue, changed. A session without an owner, and null,
-- which stands for any session, concern every connector.
create function public.notify_connectors(session_uid uuid) returns void
language sql volatile security definer set search_path = ''
as $$
  select realtime.send(
    jsonb_build_object('session_uid', notify_connectors.session_uid), 'changed',
    coalesce((
      select 'connector:' || s.connector_id
      from public.whatsapp_sessions s
      where s.uid = notify_connectors.session_uid and public.connector_is_live(s.connector_id)
    ), 'connectors'), true);
$$;

-- Returns the bucket of a tenant, 0 to 15: the first hex digit of the SHA-256 of its id.
create function public.tenant_bucket(tenant_id text) returns smallint
language sql immutable parallel safe set search_path = ''
as $$
  select (get_byte(sha256(convert_to(tenant_id, 'UTF8')), 0) >> 4)::smallint;
$$;

-- Returns the Realtime topic on which the hub of a tenant is notified.
create function public.hub_topic(tenant_id text) returns text
language sql immutable parallel safe set search_path = ''
as $$
  select 'hub:' || public.tenant_bucket(tenant_id);
$$;

-- Tells the hub of a tenant that events up to `seq` exist for these webhook endpoints, or that the
-- settings of these endpoints changed.
create function public.notify_hub(
  tenant_id text, seq bigint, endpoints uuid[], settings_changed boolean default false
) returns void
language sql volatile security definer set search_path = ''
as $$
  select realtime.send(
    jsonb_build_object('tenant_id', tenant_id, 'seq', seq, 'endpoints', endpoints,
      'settings_changed', settings_changed),
    'changed', public.hub_topic(tenant_id), true);
$$;

create table public.realtime_audiences (
  tenant_id text primary key references public.tenants on delete cascade,
  listening_until timestamptz not null
);
comment on table public.realtime_audiences is
  'Tenants whose frontends hold a realtime token, and until when. Their events are also sent to the topic of the tenant. Rows are removed with their tenant.';

-- Has the events of the tenant sent to its topic until this moment, or longer if that was asked for.
create function public.open_audience(tenant_id text, listening_until timestamptz) returns void
language sql volatile set search_path = ''
as $$
  insert into public.realtime_audiences as a (tenant_id, listening_until)
    values (open_audience.tenant_id, open_audience.listening_until)
    on conflict (tenant_id) do update
      set listening_until = greatest(a.listening_until, excluded.listening_until);
$$;

-- Sends the full events to the topic of the tenant while one of its frontends listens there.
create function public.publish_events(tenant_id text, from_seq bigint, to_seq bigint) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  event jsonb;
begin
  if not exists (
    select from public.realtime_audiences a
    where a.tenant_id = publish_events.tenant_id and a.listening_until > now()
  ) then
    return;
  end if;
  for event in
    select to_jsonb(e) from public.event_resources e
    where e.tenant_id = publish_events.tenant_id and e.seq between from_seq and to_seq
    order by e.seq
  loop
    perform realtime.send(
      event, event ->> 'type', 'tenant:' || publish_events.tenant_id || ':events', true);
  end loop;
end;
$$;
$migration_20261125000700$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125000700') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125000700', 'notifications', ARRAY[migration]);
END;
$apply$;

-- 20261125000750_webhooks
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125000750$-- Webhook endpoints and the log of their deliveries. The event log is the queue: an endpoint has a
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
$migration_20261125000750$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125000750') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125000750', 'webhooks', ARRAY[migration]);
END;
$apply$;

-- 20261125000800_emit_events
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125000800$-- Writing events: what an event of a message or a session contains, and the one function that
-- stores events.

create function public.message_json(message_id uuid) returns jsonb
language sql stable set search_path = ''
as $$
  select to_jsonb(r) - 'session_uid' - 'tenant_id'
  from public.message_resources r where r.id = message_id;
$$;

-- Returns a message event for emit_events. Its data is the message.
-- `previous_status` is the status before the change, for count_messages.
create function public.message_event(
  message_id uuid, type text, previous_status text default null
) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'tenant_id', r.tenant_id, 'type', message_event.type,
    'previous_status', message_event.previous_status,
    'session_uid', r.session_uid, 'session_id', r.session_id,
    'data', to_jsonb(r) - 'session_uid' - 'tenant_id')
  from public.message_resources r where r.id = message_id;
$$;

-- Returns a session event for emit_events. Its data is the session plus `extra`.
create function public.session_event(session_uid uuid, type text, extra jsonb) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'tenant_id', r.tenant_id, 'type', session_event.type,
    'session_uid', r.uid, 'session_id', r.session_id,
    'data', to_jsonb(r) - 'uid' - 'tenant_id' || extra)
  from public.session_resources r where r.uid = session_uid;
$$;

-- Writes events `[{ tenant_id, type, session_uid, session_id, data, previous_status }]` in their order. Call it
-- last in a transaction: it locks the counters of the tenants until the commit. Returns what the
-- hubs have to know, `[{ topic, tenant_id, seq, endpoints }]`. With `notify` it tells them itself;
-- a caller that passes false does it after the commit, which costs the database nothing.
create function public.emit_events(new_events jsonb, notify boolean default true) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  tenant record;
  notifications jsonb := '[]';
begin
  if jsonb_array_length(new_events) = 0 then
    return notifications;
  end if;

  for tenant in
    select e.value ->> 'tenant_id' as tenant_id, count(*) as event_count
    from jsonb_array_elements(new_events) e
    group by 1 order by 1 -- every writer locks in the same order, so that none deadlock
  loop
    declare
      to_seq bigint;
      endpoints uuid[];
    begin
      update public.event_counters c set last_seq = c.last_seq + tenant.event_count
        where c.tenant_id = tenant.tenant_id
        returning c.last_seq into strict to_seq;

      insert into public.events (tenant_id, seq, type, session_uid, session_id, data)
      select tenant.tenant_id,
             to_seq - tenant.event_count + row_number() over (order by e.ordinality),
             e.value ->> 'type',
             (e.value ->> 'session_uid')::uuid,
             e.value ->> 'session_id',
             e.value -> 'data'
      from jsonb_array_elements(new_events) with ordinality e
      where e.value ->> 'tenant_id' = tenant.tenant_id;

      -- After the lock of event_counters, which every writer of the tenant takes first: the
      -- counters need no order of their own.
      perform public.count_messages(tenant.tenant_id, new_events);

      -- The hub passes the notification on to these endpoints; each reads the events from its own
      -- cursor.
      endpoints := array(
        select w.id from public.webhook_endpoints w
        where w.tenant_id = tenant.tenant_id and w.enabled);
      notifications := notifications || jsonb_build_array(jsonb_build_object(
        'topic', public.hub_topic(tenant.tenant_id), 'tenant_id', tenant.tenant_id, 'seq', to_seq,
        'endpoints', endpoints));
      if notify then
        perform public.notify_hub(tenant.tenant_id, to_seq, endpoints);
      end if;
      perform public.publish_events(tenant.tenant_id, to_seq - tenant.event_count + 1, to_seq);
    end;
  end loop;
  return notifications;
end;
$$;
$migration_20261125000800$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125000800') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125000800', 'emit_events', ARRAY[migration]);
END;
$apply$;

-- 20261125000900_queue_by_insert
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125000900$-- Queueing a message with a plain INSERT into messages: triggers find the session, derive the
-- chat from the phone number and notify the connectors.

create index whatsapp_sessions_by_session_id on public.whatsapp_sessions (session_id);

-- Returns the longest tenant id that, followed by "_", begins a name; null when there is none.
create function public.tenant_prefix(qualified_name text) returns text
language sql stable set search_path = ''
as $$
  select t.tenant_id
  from public.tenants t
  where t.tenant_id = any (array( -- a tenant id has at most 63 characters
    select left(qualified_name, i)
    from generate_series(1, least(length(qualified_name) - 1, 63)) i
    where substr(qualified_name, i + 1, 1) = '_'))
  order by length(t.tenant_id) desc
  limit 1;
$$;

-- Returns the session that a plain insert names. The tenant is the one that the row names or else
-- the longest tenant id that begins `wanted_session`, and no other tenant's sessions count: what
-- one tenant creates or deletes never changes where the messages of another one go. Only a name
-- that begins with no tenant id is looked up among all tenants, and must be unique among them.
-- Raises 22023, with what to do, when none or more than one session matches.
create function public.resolve_session(wanted_tenant text, wanted_session text)
returns public.whatsapp_sessions
language plpgsql stable set search_path = ''
as $$
declare
  tenant text := coalesce(wanted_tenant, public.tenant_prefix(wanted_session));
  short_name text;
  matches public.whatsapp_sessions[];
begin
  if tenant is null then
    matches := array(
      select s from public.whatsapp_sessions s where s.session_id = wanted_session limit 2);
  else
    short_name := case when starts_with(wanted_session, tenant || '_')
      then substr(wanted_session, length(tenant) + 2) end;
    matches := array(
      select s from public.whatsapp_sessions s
      where s.tenant_id = tenant and s.session_id = any (array[wanted_session, short_name]));
  end if;

  if cardinality(matches) = 1 then
    return matches[1];
  elsif cardinality(matches) = 2 and tenant is null then
    raise exception 'session_id "%" names sessions of more than one tenant', wanted_session
      using errcode = '22023',
      hint = 'Set tenant_id, or write session_id as <tenant_id>_<session_id>.';
  elsif cardinality(matches) = 2 then
    raise exception 'session_id "%" names two sessions of tenant "%"', wanted_session, tenant
      using errcode = '22023',
      hint = format('Write session_id "%s" with tenant_id "%s", or session_id "%s_%s".',
        short_name, tenant, tenant, wanted_session);
  elsif tenant is null then
    raise exception 'no session "%"', wanted_session using errcode = '22023',
      hint = 'Create the session first, and write session_id as it was created or as <tenant_id>_<session_id>.';
  else
    raise exception 'no session "%": tenant "%" has no session "%"',
      wanted_session, tenant, coalesce(short_name, wanted_session) using errcode = '22023',
      hint = 'Create the session first, or set tenant_id to the tenant that has it.';
  end if;
end;
$$;

create function public.messages_before_insert() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  session public.whatsapp_sessions;
begin
  -- Before the table's constraints do, whose errors would show the row with its text and number.
  if new.status is null or new.status not in (
    'QUEUED', 'SENDING', 'SENT', 'DELIVERED', 'READ', 'FAILED', 'RECEIVED') then
    raise exception 'status must be QUEUED for a message that is to be sent' using errcode = '23514';
  elsif new.platform is distinct from 'WHATSAPP' then
    raise exception 'platform must be WHATSAPP' using errcode = '23514';
  end if;
  if new.session_uid is null then
    session := public.resolve_session(new.tenant_id, new.session_id);
    new.session_uid := session.uid;
    new.tenant_id := session.tenant_id;
    new.session_id := session.session_id;
  end if;
  if new.status = 'QUEUED' then
    -- The lock keeps the session: rows that come after its removal would never fail. Other rows are
    -- written under the lock of fence_sessions.
    perform from public.whatsapp_sessions s
      where s.uid = new.session_uid and s.tenant_id = new.tenant_id
      for key share;
    if not found then
      raise exception 'no session with session_uid "%" and tenant_id "%"', new.session_uid, new.tenant_id
        using errcode = '22023',
        hint = 'Leave session_uid out, or write the tenant_id and session_uid of one session.';
    end if;
  end if;
  if new.chat_id is null then
    new.phone_number := regexp_replace(coalesce(new.phone_number, ''), '[^0-9]', '', 'g');
    if new.phone_number !~ '^[1-9][0-9]{6,14}$' then
      raise exception 'phone_number must be a whole international number'
        using errcode = '22023', hint = 'Country code first, like 393331234567.';
    end if;
    new.chat_id := new.phone_number || '@s.whatsapp.net';
  end if;
  if new.status = 'QUEUED' then
    if coalesce(new.message, '') = '' and new.type = 'text' then
      raise exception 'message must not be empty' using errcode = '22023',
        hint = 'Put the text to send into the column message.';
    end if;
    new.is_scheduled := coalesce(new.send_at > now(), false);
  end if;
  return new;
end;
$$;

create trigger messages_before_insert before insert on public.messages
  for each row execute function public.messages_before_insert();

-- Refuses rows beyond max_queued_messages of their tenant. Sends one notification per session and
-- statement, however many rows it queues.
create function public.messages_after_insert() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  tenant public.tenants;
begin
  for tenant in
    select t.* from public.tenants t
    where t.tenant_id = any (array(
      select distinct i.tenant_id from inserted i where i.status = 'QUEUED'))
  loop
    if tenant.max_queued_messages < (
      select count(*) from public.messages m
      where m.tenant_id = tenant.tenant_id and m.rare_status = 'QUEUED'
    ) then
      raise exception 'Tenant % may have % queued messages, which is its limit',
          tenant.tenant_id, tenant.max_queued_messages
        using errcode = '54000',
              hint = 'Queue more when some are sent, or raise max_queued_messages of the tenant.';
    end if;
  end loop;

  perform public.notify_connectors(q.session_uid)
  from (select distinct i.session_uid from inserted i where i.status = 'QUEUED') q;
  return null;
end;
$$;

create trigger messages_after_insert after insert on public.messages
  referencing new table as inserted
  for each statement execute function public.messages_after_insert();
$migration_20261125000900$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125000900') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125000900', 'queue_by_insert', ARRAY[migration]);
END;
$apply$;

-- 20261125001000_connector_leases
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125001000$-- The lease of a connector: every session that it owns depends on this one row.

-- Starts the lease. A connector may repeat the call when the answer of the first one got lost. A
-- connector that was registered at the same address has been replaced by this one: its lease ends
-- at once, so that nobody waits for it to expire. CONNECTOR_URL, or the Fly machine behind it, must
-- therefore be different for each connector.
create function public.register_connector(
  connector_id uuid, url text, instance text, networks text[], capacity integer, lease_ms integer
) returns void
language sql volatile set search_path = ''
as $$
  insert into public.connectors (id, url, instance, networks, capacity, lease_expires_at)
  values (connector_id, url, instance, networks, capacity, now() + lease_ms * interval '1 ms')
  on conflict (id) do update set lease_expires_at = excluded.lease_expires_at, draining = false;

  update public.connectors c set lease_expires_at = now()
    where c.id <> connector_id and c.url = register_connector.url
      and c.instance is not distinct from register_connector.instance
      and c.lease_expires_at > now();

  delete from public.connectors where lease_expires_at < now() - interval '1 day';
$$;

-- Extends the lease. Returns false when it had already expired: another connector may own the
-- sessions by now, so the caller must close all of them and register again.
create function public.renew_lease(connector_id uuid, lease_ms integer) returns boolean
language sql volatile set search_path = ''
as $$
  with renewed as (
    update public.connectors c
      set lease_expires_at = now() + lease_ms * interval '1 ms'
      where c.id = connector_id and c.lease_expires_at > now()
      returning 1
  )
  select exists (select from renewed);
$$;

-- Ends the lease and releases every session, so that other connectors claim them at once.
create function public.deregister_connector(connector_id uuid) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  update public.connectors c set draining = true, lease_expires_at = now()
    where c.id = deregister_connector.connector_id;
  update public.whatsapp_sessions s set connector_id = null, updated_at = now()
    where s.connector_id = deregister_connector.connector_id;
  perform public.notify_connectors(null);
end;
$$;

-- Returns how many connectors hold a valid lease, for health checks.
create function public.count_live_connectors() returns bigint
language sql stable set search_path = ''
as $$
  select count(*) from public.connectors c where c.lease_expires_at > now();
$$;
$migration_20261125001000$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125001000') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125001000', 'connector_leases', ARRAY[migration]);
END;
$apply$;

-- 20261125001100_session_ownership
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125001100$-- Which connector owns which session. Every change of owner increments the epoch; every write of a
-- connector carries the epoch under which it was made, and fence_sessions rejects an old one.

-- Takes the sessions of connectors whose lease has expired away from them, some at a time, and says
-- so: they are not connected any more.
create function public.release_expired(max_sessions integer) returns void
language plpgsql volatile set search_path = ''
-- The planner cannot know how few leases have expired, and would read all sessions.
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  released uuid[];
  were_connected uuid[];
begin
  select array_agg(l.uid), array_agg(l.uid) filter (where l.state = 'connected')
    into released, were_connected
  from (
    select s.uid, s.state
    from public.whatsapp_sessions s
    where s.connector_id = any (array(
      select c.id from public.connectors c where c.lease_expires_at <= now()))
    limit max_sessions
    for update of s skip locked
  ) l;
  if released is null then
    return;
  end if;

  update public.whatsapp_sessions s
    set connector_id = null,
        state = case
          when s.desired = 'disconnected' then 'disconnected'
          when s.state = 'connected' then 'reconnecting' else s.state end,
        last_disconnect = case when s.uid = any (were_connected)
          then jsonb_build_object('reason', 'connector_lost', 'at', now())
          else s.last_disconnect end,
        updated_at = now()
    where s.uid = any (released);

  perform public.emit_events((
    select coalesce(jsonb_agg(public.session_event(s.uid, 'session.disconnected', '{}')), '[]')
    from unnest(were_connected) as s(uid)
  ));
end;
$$;

-- Claims up to `max_sessions` sessions that should be connected and have no live owner, paired ones
-- first.
create function public.claim_sessions(connector_id uuid, max_sessions integer)
returns table (
  uid uuid, tenant_id text, session_id text, network text, epoch bigint, state text,
  phone text, lid text, ciphertext text, desired_version bigint
)
language plpgsql volatile set search_path = ''
as $$
#variable_conflict use_column
declare
  claimed uuid[];
  were_connected uuid[];
begin
  perform public.release_expired(max_sessions);
  select array_agg(c.uid), array_agg(c.uid) filter (where c.state = 'connected')
    into claimed, were_connected
  from (
    select s.uid, s.state
    from public.whatsapp_sessions s
    where s.desired = 'connected' and s.connector_id is null
      and (s.handed_to is null or s.handed_to = claim_sessions.connector_id
        or s.handed_until <= now())
      and s.network = any (array(
        select unnest(me.networks) from public.connectors me
        where me.id = claim_sessions.connector_id and me.lease_expires_at > now()
          and not me.draining))
    order by s.phone is null, s.uid
    limit max_sessions
    for update of s skip locked
  ) c;
  if claimed is null then
    return;
  end if;

  update public.whatsapp_sessions s
    set connector_id = claim_sessions.connector_id,
        handed_to = null,
        handed_until = null,
        epoch = s.epoch + 1,
        last_change = 0,
        state = case when s.phone is null then 'connecting' else 'reconnecting' end,
        qr = null, qr_expires_at = null, pairing_code = null, pairing_code_expires_at = null,
        last_disconnect = case when s.uid = any (were_connected)
          then jsonb_build_object(
            -- A connector that stops in order has released them itself.
            'reason', case when s.handed_to is null then 'connector_stopped' else 'moved' end,
            'at', now())
          else s.last_disconnect end,
        updated_at = now()
    where s.uid = any (claimed);

  perform public.emit_events((
    select coalesce(jsonb_agg(public.session_event(s.uid, 'session.disconnected', '{}')), '[]')
    from unnest(were_connected) as s(uid)
  ));

  return query
    select s.uid, s.tenant_id, s.session_id, s.network, s.epoch, s.state, s.phone, s.lid,
           encode(k.ciphertext, 'base64'), s.desired_version
    from public.whatsapp_sessions s
    left join public.session_credentials k on k.session_uid = s.uid
    where s.uid = any (claimed);
end;
$$;

-- Returns every session that a connector owns, with the state that its tenant asked for:
-- `[{ uid, epoch, desired, desired_version }]`, as one value for the reason given at event_heads.
create function public.list_owned_sessions(connector_id uuid) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(owned)), '[]')
  from (
    select s.uid, s.epoch, s.desired, s.desired_version
    from public.whatsapp_sessions s
    where s.connector_id = list_owned_sessions.connector_id
  ) owned;
$$;

-- Releases sessions that a connector owns but does not run, because the answer of a claim got lost.
create function public.release_sessions(connector_id uuid, session_uids uuid[]) returns void
language sql volatile set search_path = ''
as $$
  update public.whatsapp_sessions s
    set connector_id = null, epoch = s.epoch + 1, updated_at = now()
    where s.connector_id = release_sessions.connector_id and s.uid = any (session_uids);
$$;

-- Returns the sessions of `[{ uid, epoch }]` that the connector still owns under that epoch. They
-- keep their owner until the transaction ends: a claim waits for the share lock.
create function public.fence_sessions(connector_id uuid, claims jsonb) returns uuid[]
language sql volatile set search_path = ''
as $$
  select coalesce(array_agg(owned.uid), '{}')
  from (
    select s.uid
    from public.whatsapp_sessions s
    join jsonb_to_recordset(claims) as c(uid uuid, epoch bigint)
      on c.uid = s.uid and c.epoch = s.epoch
    where s.connector_id = fence_sessions.connector_id
    order by s.uid
    for share of s
  ) owned;
$$;
$migration_20261125001100$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125001100') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125001100', 'session_ownership', ARRAY[migration]);
END;
$apply$;

-- 20261125001150_session_balance
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125001150$-- Sessions are spread evenly: the fullest connectors hand some over to one that joined.

-- Returns `{ connector_id, sessions }`: how many sessions this connector has more than its share, and
-- who has fewer than that; null when there is nothing to do. Where shares differ by one session
-- nothing moves, so that no session goes back and forth.
create function public.plan_hand_over(connector_id uuid) returns jsonb
language sql stable set search_path = ''
as $$
  with live as materialized (
    select c.id, c.capacity
    from public.connectors c, public.connectors me
    where me.id = plan_hand_over.connector_id and c.networks @> me.networks
      and c.lease_expires_at > now() and not c.draining
  ),
  counted as materialized (
    select l.id, l.capacity,
           (select count(*) from public.whatsapp_sessions s where s.connector_id = l.id)
           + (select count(*) from public.whatsapp_sessions s
              where s.handed_to = l.id and s.handed_until > now()) as sessions
    from live l
  ),
  share as (
    select ceil(avg(c.sessions)) as most from counted c
  ),
  target as (
    select c.id, c.sessions, least(share.most, c.capacity) - c.sessions as room
    from counted c, share
    where c.id <> plan_hand_over.connector_id
    order by c.sessions, c.id
    limit 1
  )
  select jsonb_build_object(
    'connector_id', target.id,
    'sessions', greatest(1, least(me.sessions - share.most, target.room)))
  from counted me, share, target
  where me.id = plan_hand_over.connector_id and target.room > 0
    and (me.sessions > share.most
      -- One of the fullest, which have their share, still has two more than the target.
      or me.sessions - target.sessions >= 2 and me.id = (
        select c.id from counted c order by c.sessions desc, c.id limit 1));
$$;

-- Gives a session, whose socket is closed, to another connector. If that one does not claim it within
-- seconds, any may. Returns false when the session was not the caller's any more.
create function public.hand_over_session(
  connector_id uuid, session_uid uuid, epoch bigint, to_connector uuid
) returns boolean
language plpgsql volatile set search_path = ''
as $$
begin
  update public.whatsapp_sessions s
    set connector_id = null, epoch = s.epoch + 1, updated_at = now(),
        handed_to = hand_over_session.to_connector, handed_until = now() + interval '5 s'
    where s.uid = hand_over_session.session_uid and s.epoch = hand_over_session.epoch
      and s.connector_id = hand_over_session.connector_id;
  if not found then
    return false;
  end if;
  perform public.notify_connectors(session_uid);
  return true;
end;
$$;
$migration_20261125001150$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125001150') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125001150', 'session_balance', ARRAY[migration]);
END;
$apply$;

-- 20261125001200_credentials_and_signal_keys
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125001200$-- The credentials and Signal keys of sessions. The database sees only ciphertext.

-- Returns those of the keys that exist: `[{ id, ciphertext }]`, as one value for the reason given
-- at event_heads.
create function public.load_signal_keys(session_uid uuid, type text, ids text[]) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(found)), '[]')
  from (
    select k.id, encode(k.ciphertext, 'base64') as ciphertext
    from public.signal_keys k
    where k.session_uid = load_signal_keys.session_uid
      and k.type = load_signal_keys.type
      and k.id = any (ids)
  ) found;
$$;

-- Writes credentials `[{ uid, ciphertext }]` and keys `[{ uid, type, id, ciphertext }]`; a key
-- whose ciphertext is null is deleted. Before that, everything of the sessions in `clear_auth`
-- (uids) is deleted. Only the `owned` sessions are touched.
create function public.write_auth(owned uuid[], credentials jsonb, keys jsonb, clear_auth jsonb)
returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if jsonb_array_length(clear_auth) > 0 then
    delete from public.session_credentials c using jsonb_array_elements_text(clear_auth) cleared
      where c.session_uid = cleared::uuid and c.session_uid = any (owned);
    delete from public.signal_keys k using jsonb_array_elements_text(clear_auth) cleared
      where k.session_uid = cleared::uuid and k.session_uid = any (owned);
  end if;

  insert into public.session_credentials (session_uid, ciphertext)
  select c.uid, decode(c.ciphertext, 'base64')
  from jsonb_to_recordset(credentials) as c(uid uuid, ciphertext text)
  where c.uid = any (owned)
  on conflict (session_uid)
  do update set ciphertext = excluded.ciphertext, updated_at = now();

  delete from public.signal_keys k
  using jsonb_to_recordset(keys) as d(uid uuid, type text, id text, ciphertext text)
  where d.ciphertext is null and d.uid = any (owned)
    and k.session_uid = d.uid and k.type = d.type and k.id = d.id;

  insert into public.signal_keys (session_uid, type, id, ciphertext)
  select k.uid, k.type, k.id, decode(k.ciphertext, 'base64')
  from jsonb_to_recordset(keys) as k(uid uuid, type text, id text, ciphertext text)
  where k.ciphertext is not null and k.uid = any (owned)
  on conflict (session_uid, type, id) do update set ciphertext = excluded.ciphertext;
end;
$$;

-- One step of encrypting everything under another key: looks at `max_rows` credentials, or keys
-- (`kind`), after `after` ({ uid, type, id }; null begins). Returns
--   { rows: [{ uid, type, id, ciphertext }], last: { uid, type, id } | null, seen }
-- `rows` are those whose first bytes are not `current_prefix` (hex); `last` is where the next step
-- begins, null at the end.
create function public.stale_auth(
  kind text, current_prefix text, after jsonb, max_rows integer
) returns jsonb
language plpgsql stable set search_path = '' set enable_seqscan = off
as $$
declare
  prefix bytea := decode(current_prefix, 'hex');
  after_uid uuid := coalesce((after ->> 'uid')::uuid, '00000000-0000-0000-0000-000000000000');
  page jsonb;
begin
  if kind = 'credentials' then
    select jsonb_build_object(
        'seen', count(*),
        'last', case when count(*) = max_rows then
          (jsonb_agg(jsonb_build_object('uid', p.session_uid) order by p.session_uid)) -> -1 end,
        'rows', coalesce(jsonb_agg(jsonb_build_object(
            'uid', p.session_uid, 'type', 'credentials', 'id', '',
            'ciphertext', encode(p.ciphertext, 'base64')) order by p.session_uid)
          filter (where substring(p.ciphertext for length(prefix)) <> prefix), '[]'))
      into page
    from (
      select c.session_uid, c.ciphertext from public.session_credentials c
      where c.session_uid > after_uid
      order by c.session_uid limit max_rows
    ) p;
  else
    select jsonb_build_object(
        'seen', count(*),
        'last', case when count(*) = max_rows then
          (jsonb_agg(jsonb_build_object('uid', p.session_uid, 'type', p.type, 'id', p.id)
            order by p.session_uid, p.type, p.id)) -> -1 end,
        'rows', coalesce(jsonb_agg(jsonb_build_object(
            'uid', p.session_uid, 'type', p.type, 'id', p.id,
            'ciphertext', encode(p.ciphertext, 'base64')) order by p.session_uid, p.type, p.id)
          filter (where substring(p.ciphertext for length(prefix)) <> prefix), '[]'))
      into page
    from (
      select k.session_uid, k.type, k.id, k.ciphertext from public.signal_keys k
      where (k.session_uid, k.type, k.id)
        > (after_uid, coalesce(after ->> 'type', ''), coalesce(after ->> 'id', ''))
      order by k.session_uid, k.type, k.id limit max_rows
    ) p;
  end if;
  return page;
end;
$$;

-- Replaces ciphertexts, `{ kind, rows: [{ uid, type, id, ciphertext, sealed }] }`, except those that
-- their connector has changed meanwhile. Returns how many were replaced.
create function public.reseal_auth(sealed jsonb) returns integer
language plpgsql volatile set search_path = ''
as $$
declare
  replaced integer;
begin
  if sealed ->> 'kind' = 'credentials' then
    update public.session_credentials c set ciphertext = decode(r.sealed, 'base64')
      from jsonb_to_recordset(sealed -> 'rows') as r(uid uuid, ciphertext text, sealed text)
      where c.session_uid = r.uid and c.ciphertext = decode(r.ciphertext, 'base64');
  else
    update public.signal_keys k set ciphertext = decode(r.sealed, 'base64')
      from jsonb_to_recordset(sealed -> 'rows')
        as r(uid uuid, type text, id text, ciphertext text, sealed text)
      where k.session_uid = r.uid and k.type = r.type and k.id = r.id
        and k.ciphertext = decode(r.ciphertext, 'base64');
  end if;
  get diagnostics replaced = row_count;
  return replaced;
end;
$$;
$migration_20261125001200$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125001200') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125001200', 'credentials_and_signal_keys', ARRAY[migration]);
END;
$apply$;

-- 20261125001300_outgoing_messages
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125001300$-- Outgoing messages: the intent, which is stored before anything is sent, and its outcome.

-- How long an intent may be sent, again after a lost ack too.
create function public.intent_lifetime() returns interval
language sql immutable parallel safe set search_path = ''
as $$ select interval '1 hour' $$;

-- Fails the messages of a session that have one of these statuses and were created before this
-- moment, or the oldest `max_messages` of them. Returns `{ messages, events }`.
create function public.fail_messages(
  session_uid uuid, statuses text[], created_before timestamptz, error jsonb,
  max_messages integer default null
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  failed_ids uuid[];
begin
  with failed as (
    update public.messages m
      set status = 'FAILED', error = fail_messages.error
      where m.rare_status = any (statuses) and m.id = any (array(
        select o.id from public.messages o
        where o.session_uid = fail_messages.session_uid and o.rare_status = any (statuses)
          and o.created_at < created_before
        order by o.id limit max_messages))
      returning m.id
  )
  select array_agg(f.id order by f.id) into failed_ids from failed f;

  return jsonb_build_object(
    'messages', (
      select coalesce(jsonb_agg(public.message_json(f.id) order by f.id), '[]')
      from unnest(failed_ids) as f(id)),
    'events', (
      select coalesce(jsonb_agg(public.message_event(f.id, 'message.failed') order by f.id), '[]')
      from unnest(failed_ids) as f(id)));
end;
$$;

-- Returns what a request with an idempotency key gets: `created` when it is the first one with the
-- key, which then stands for `new_id`; `replayed`, with the id of the first one; or `mismatch` when the
-- key was used for another request. `{ outcome, id }`. The one place that decides on idempotency.
create function public.take_idempotency_key(of_tenant text, request jsonb, new_id uuid) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  known public.idempotency_keys;
begin
  if request ->> 'idempotency_key' is null then
    return jsonb_build_object('outcome', 'created', 'id', new_id);
  end if;
  insert into public.idempotency_keys (tenant_id, key, request_hash, message_id)
    values (of_tenant, request ->> 'idempotency_key', request ->> 'request_hash', new_id)
    on conflict do nothing;
  select i.* into strict known from public.idempotency_keys i
    where i.tenant_id = of_tenant and i.key = request ->> 'idempotency_key';
  return jsonb_build_object('id', known.message_id, 'outcome', case
    when known.request_hash <> request ->> 'request_hash' then 'mismatch'
    when known.message_id <> new_id then 'replayed'
    else 'created' end);
end;
$$;

-- Stores the intent of a message. `outcome` is that of take_idempotency_key, `replayed` with the first
-- message; or `not_linked` when the account was unlinked meanwhile.
create function public.begin_send(send jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  session public.whatsapp_sessions;
  new_id uuid := (send ->> 'id')::uuid;
  taken jsonb;
begin
  select s.* into strict session
    from public.whatsapp_sessions s where s.uid = (send ->> 'uid')::uuid;
  if session.phone is null and session.lid is null then
    return jsonb_build_object('id', new_id, 'outcome', 'not_linked');
  end if;

  taken := public.take_idempotency_key(session.tenant_id, send, new_id);
  if taken ->> 'outcome' = 'mismatch' then
    return jsonb_build_object('id', new_id, 'outcome', 'mismatch');
  elsif taken ->> 'outcome' = 'replayed' then
    return jsonb_build_object('id', new_id, 'outcome', 'replayed',
      'message', public.message_json((taken ->> 'id')::uuid));
  end if;

  insert into public.messages (
    id, tenant_id, session_uid, session_id, direction, source, chat_id, phone_number, lid, type,
    message, media, status, wa_message_id, content, created_at, expires_at)
  values (
    new_id, session.tenant_id, session.uid, session.session_id, 'out', 'api',
    send ->> 'chat_id', send ->> 'phone', send ->> 'lid', send ->> 'type', send ->> 'text',
    nullif(send -> 'media', 'null'), 'SENDING', send ->> 'wa_message_id', decode(send ->> 'content', 'base64'),
    public.uuid_v7_time(new_id), now() + public.intent_lifetime())
  on conflict (id) do nothing;
  if send -> 'media' is not null then
    delete from public.media_removals r
      where r.path = public.media_path(session.tenant_id, send -> 'media');
  end if;

  return jsonb_build_object('id', new_id, 'outcome', 'created',
    'message', public.message_json(new_id));
end;
$$;

-- Returns what an idempotency key was used for, `{ request_hash, message }`, or null. It answers a
-- repeated request while its session cannot send; otherwise begin_send does.
create function public.find_idempotent(tenant_id text, key text) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object('request_hash', i.request_hash, 'message', public.message_json(i.message_id))
  from public.idempotency_keys i
  where i.tenant_id = find_idempotent.tenant_id and i.key = find_idempotent.key;
$$;

-- Stores the outcome of an attempt: SENT, FAILED, or QUEUED to be tried again. Returns the events
-- to emit.
create function public.finish_send(outcome jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  changed_source text;
  message_id uuid := (outcome ->> 'id')::uuid;
  of_session uuid := (outcome ->> 'uid')::uuid;
  previous_status text;
  resends integer;
begin
  select m.status, m.resends into previous_status, resends
    from public.messages m where m.id = message_id for update;
  case outcome ->> 'status'
    when 'SENT' then
      update public.messages m
        set status = case when public.status_rank(m.status) < public.status_rank('SENT')
              then 'SENT' else m.status end,
            sent_at = clock_timestamp(), error = null, attempts = m.attempts + 1
        where m.id = message_id and m.session_uid = of_session and m.sent_at is null
        returning m.source into changed_source;
    when 'FAILED' then
      update public.messages m
        set status = 'FAILED', error = outcome -> 'error', attempts = m.attempts + 1
        where m.id = message_id and m.session_uid = of_session
          and m.status in ('QUEUED', 'SENDING')
        returning m.source into changed_source;
    when 'QUEUED' then
      update public.messages m
        set status = 'QUEUED', error = outcome -> 'error', attempts = m.attempts + 1,
            resends = 0, expires_at = null,
            not_before = clock_timestamp() + (outcome ->> 'retry_in_ms')::bigint * interval '1 ms'
        where m.id = message_id and m.session_uid = of_session
          and m.status in ('QUEUED', 'SENDING') and m.attempts = (outcome ->> 'attempts')::integer
        returning m.source into changed_source;
  end case;

  -- A message that was sent again, or was tried without leaving the queue, is not where the pace
  -- expects it.
  if changed_source = 'queue' and (
    resends > 0 or (previous_status = 'QUEUED' and outcome ->> 'status' = 'QUEUED')
  ) then
    perform public.postpone_next_drip(of_session);
  end if;
  return case when changed_source is null or outcome ->> 'status' = 'QUEUED' then '[]'::jsonb
    else jsonb_build_array(
      public.message_event(
        message_id, 'message.' || lower(outcome ->> 'status'), previous_status)) end;
end;
$$;

-- Returns the messages that have no ack, oldest first. They are sent again under the same ids after
-- a reconnect, each after resend_message.
-- `[{ id, wa_message_id, chat_id, content, media, source, attempts, resends, max_retries }]`, as one
-- value for the reason given at event_heads. `max_retries` is null where the installation decides.
create function public.load_in_flight(session_uid uuid) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(unacknowledged) order by unacknowledged.id), '[]')
  from (
    select m.id, m.wa_message_id, m.chat_id, encode(m.content, 'base64') as content, m.media,
           m.source, m.attempts, m.resends, coalesce(s.max_retries, t.max_retries) as max_retries
    from public.messages m
    join public.whatsapp_sessions s on s.uid = m.session_uid
    join public.tenants t on t.tenant_id = s.tenant_id
    where m.session_uid = load_in_flight.session_uid and m.rare_status = 'SENDING'
  ) unacknowledged;
$$;

-- Counts that a message without an ack is sent again. `outcome` is `created`; `failed` when it has
-- expired or was sent again `max_resends` times; or `gone` when it is not in flight any more.
create function public.resend_message(resend jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  message public.messages;
  failure jsonb;
begin
  select m.* into message from public.messages m
    where m.id = (resend ->> 'id')::uuid and m.session_uid = (resend ->> 'uid')::uuid
    for update;
  if message.status is distinct from 'SENDING' then
    return jsonb_build_object('outcome', 'gone');
  end if;

  if message.expires_at <= now() then
    failure := public.expired_error();
  elsif message.resends >= (resend ->> 'max_resends')::integer then
    failure := jsonb_build_object('code', 'no_ack', 'message',
      'WhatsApp did not confirm the message, which was sent ' || message.resends + 1 || ' times.');
  end if;
  if failure is not null then
    update public.messages m set status = 'FAILED', error = failure where m.id = message.id;
    return jsonb_build_object('outcome', 'failed', 'message', public.message_json(message.id),
      'events', jsonb_build_array(public.message_event(message.id, 'message.failed')));
  end if;

  -- Unless the call is repeated because the answer of the first one got lost.
  update public.messages m set resends = m.resends + 1
    where m.id = message.id and m.resends = (resend ->> 'resends')::integer;
  return jsonb_build_object('outcome', 'created', 'message', public.message_json(message.id));
end;
$$;

create function public.expired_error() returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_build_object('code', 'expired', 'message',
    'WhatsApp did not confirm the message in time. It may have been delivered.')
$$;

-- Fails up to `max_messages` expired intents of any session, also of one that no connector holds, and
-- as many queued messages that are past their send_before. Returns the intents. Every connector calls
-- it now and then.
create function public.fail_expired_messages(max_messages integer)
returns table (session_uid uuid, wa_message_id text)
language plpgsql volatile set search_path = ''
as $$
#variable_conflict use_column
declare
  expired uuid[];
  unsent uuid[];
begin
  select array_agg(e.id order by e.id) into unsent
  from (
    select m.id
    from public.whatsapp_sessions s
    cross join lateral (
      select i.id from public.messages i
      where i.session_uid = s.uid and i.rare_status = 'QUEUED' and i.send_before <= now()
      limit max_messages
      for update skip locked
    ) m
    limit max_messages
  ) e;
  if unsent is not null then
    update public.messages m
      set status = 'FAILED', error = jsonb_build_object('code', 'expired', 'message',
        'The message was not sent before its expires_at.')
      where m.id = any (unsent);
    perform public.emit_events((
      select jsonb_agg(public.message_event(e.id, 'message.failed') order by e.id)
      from unnest(unsent) as e(id)));
  end if;

  select array_agg(e.id order by e.id) into expired
  from (
    select m.id
    from public.whatsapp_sessions s
    -- Session by session, as the index is: an index range whatever the statistics say.
    cross join lateral (
      select i.id from public.messages i
      where i.session_uid = s.uid and i.rare_status = 'SENDING' and i.expires_at <= now()
      limit max_messages
      for update skip locked
    ) m
    limit max_messages
  ) e;
  if expired is null then
    return;
  end if;

  update public.messages m set status = 'FAILED', error = public.expired_error()
    where m.id = any (expired);
  perform public.emit_events((
    select jsonb_agg(public.message_event(e.id, 'message.failed') order by e.id)
    from unnest(expired) as e(id)));
  return query
    select m.session_uid, m.wa_message_id from public.messages m where m.id = any (expired);
end;
$$;

-- Returns the content that answers a recipient's retry request; null when there is no such message.
create function public.load_message_content(session_uid uuid, wa_message_id text) returns text
language sql stable set search_path = ''
as $$
  with candidates as materialized ( -- By WhatsApp's id first, as in record_receipt.
    select * from public.messages m where m.wa_message_id = load_message_content.wa_message_id
  )
  select encode(m.content, 'base64')
  from candidates m
  where m.session_uid = load_message_content.session_uid and m.direction = 'out'
  limit 1;
$$;
$migration_20261125001300$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125001300') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125001300', 'outgoing_messages', ARRAY[migration]);
END;
$apply$;

-- 20261125001350_media
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125001350$-- Files of messages: the bucket, the downloads under way, events that wait for a file, and files to
-- remove. The file of a message is the object `<tenant_id>/<session_id>/<file>` of the bucket.

-- Private: the control plane serves the files to their tenant alone.
insert into storage.buckets (id, name, public, file_size_limit)
  values ('whatsapp-media', 'whatsapp-media', false, 2147483648)
  on conflict (id) do nothing;

create table public.media_downloads (
  message_id uuid primary key references public.messages on delete cascade,
  session_uid uuid not null references public.whatsapp_sessions on delete cascade,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default now()
);
create index media_downloads_by_session on public.media_downloads (session_uid, next_attempt_at);
comment on table public.media_downloads is
  'Received files that are not stored yet. The connector that stores the file, or gives it up, removes the row; it goes with its message or session.';

-- The event of a message with a small file waits some seconds for the file, and the events of later
-- messages of the chat wait with it, so that they keep their order.
create table public.held_events (
  message_id uuid primary key references public.messages on delete cascade,
  session_uid uuid not null references public.whatsapp_sessions on delete cascade,
  chat_id text not null,
  type text not null,
  waits_for_media boolean not null
);
create index held_events_by_chat on public.held_events (session_uid, chat_id, message_id);
comment on table public.held_events is
  'Events of stored messages that are emitted when a file is there or its time is up. Whoever emits them removes the rows; they go with their message or session.';

create table public.media_removals (
  path text primary key,
  remove_after timestamptz not null default now()
);
create index media_removals_by_time on public.media_removals (remove_after);
comment on table public.media_removals is
  'Files that belong to no message any more, or not yet. A connector removes the row after the file.';

-- Returns the object of a message's file; null when the message has none.
create function public.media_path(tenant_id text, media jsonb) returns text
language sql immutable set search_path = ''
as $$
  select tenant_id || substr(media ->> 'url', length('/files') + 1);
$$;

-- Called before a file is stored for a message that is still to be sent: if the message never comes,
-- the file is removed.
create function public.expect_media(path text) returns void
language sql volatile set search_path = ''
as $$
  insert into public.media_removals (path, remove_after) values (path, now() + interval '1 day')
    on conflict (path) do update set remove_after = excluded.remove_after;
$$;

-- Returns up to `max_files` paths whose files are to be removed, oldest first, as a JSON array.
create function public.media_to_remove(max_files integer) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(due.path), '[]')
  from (
    select r.path from public.media_removals r
    where r.remove_after <= now() order by r.remove_after limit max_files
  ) due;
$$;

create function public.media_removed(paths text[]) returns void
language sql volatile set search_path = ''
as $$
  delete from public.media_removals r where r.path = any (paths) and r.remove_after <= now();
$$;

create function public.messages_after_delete() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.media_removals (path)
    select public.media_path(d.tenant_id, d.media) from deleted d where d.media ->> 'url' is not null
    on conflict (path) do nothing;
  return null;
end;
$$;

create trigger messages_after_delete after delete on public.messages
  referencing old table as deleted
  for each statement execute function public.messages_after_delete();

-- Removes the row from the queue of events, and those after it in the chat that waited for it alone.
-- Returns the events to emit.
create function public.release_held_events(of_session uuid, of_chat text) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  first_waiting uuid := (
    select h.message_id from public.held_events h
    where h.session_uid = of_session and h.chat_id = of_chat and h.waits_for_media
    order by h.message_id limit 1);
  events jsonb;
begin
  with released as (
    delete from public.held_events h
      where h.session_uid = of_session and h.chat_id = of_chat
        and (first_waiting is null or h.message_id < first_waiting)
      returning h.message_id, h.type
  )
  select coalesce(jsonb_agg(public.message_event(r.message_id, r.type) order by r.message_id), '[]')
    into events from released r;
  return events;
end;
$$;

-- Returns the events to emit for a message that was just stored: its own, unless its file or that of
-- an earlier message of the chat is waited for.
create function public.hold_or_emit(stored_id uuid, event_type text, waits_for_media boolean)
returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  stored public.messages;
begin
  select m.* into strict stored from public.messages m where m.id = stored_id;
  if not waits_for_media and not exists (
    select from public.held_events h
    where h.session_uid = stored.session_uid and h.chat_id = stored.chat_id)
  then
    return jsonb_build_array(public.message_event(stored_id, event_type));
  end if;
  insert into public.held_events (message_id, session_uid, chat_id, type, waits_for_media)
    values (stored_id, stored.session_uid, stored.chat_id, event_type, waits_for_media);
  return '[]';
end;
$$;

-- Stores what became of a received file: `media` with status `stored` or `failed`, or another attempt
-- in `retry_in_ms`. With neither the event stops waiting for the file. Returns the events to emit: the
-- one that waited, or message.media when it had gone out before.
create function public.record_media(item jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  changed public.messages;
  is_final boolean := item -> 'media' is not null;
  was_waiting boolean;
begin
  update public.messages m
    set media = coalesce(item -> 'media', m.media),
        content = coalesce(decode(item ->> 'content', 'base64'), m.content)
    where m.id = (item ->> 'id')::uuid and m.session_uid = (item ->> 'uid')::uuid
    returning m.* into changed;
  if changed.id is null then
    return '[]';
  end if;

  if is_final then
    delete from public.media_downloads d where d.message_id = changed.id;
    delete from public.media_removals r
      where r.path = public.media_path(changed.tenant_id, changed.media);
  elsif item -> 'retry_in_ms' is not null then
    update public.media_downloads d
      set attempts = d.attempts + 1,
          next_attempt_at = now() + (item ->> 'retry_in_ms')::bigint * interval '1 ms'
      where d.message_id = changed.id;
    return '[]'; -- The event goes on waiting until its time is up.
  end if;

  update public.held_events h set waits_for_media = false
    where h.message_id = changed.id and h.waits_for_media;
  was_waiting := found;
  if was_waiting then
    return public.release_held_events(changed.session_uid, changed.chat_id);
  end if;
  -- A held event that no longer waits for its own file will show the file when it is emitted.
  return case when is_final and not exists (
      select from public.held_events h where h.message_id = changed.id)
    then jsonb_build_array(public.message_event(changed.id, 'message.media')) else '[]'::jsonb end;
end;
$$;

-- Emits the events of messages that were stored more than `min_age_seconds` ago and still wait for a
-- file, such as those of a session that no connector holds. Returns what emit_events returns.
create function public.release_overdue_events(min_age_seconds integer, max_chats integer) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  chat record;
  events jsonb := '[]';
begin
  for chat in
    select h.session_uid, h.chat_id
    from public.held_events h
    where h.message_id < public.uuid_v7_floor(now() - min_age_seconds * interval '1 second')
    group by 1, 2 order by 1, 2 limit max_chats
  loop
    -- commit_writes locks the session as well, so no message is added to the chat meanwhile.
    perform from public.whatsapp_sessions s where s.uid = chat.session_uid for update;
    update public.held_events h set waits_for_media = false
      where h.session_uid = chat.session_uid and h.chat_id = chat.chat_id
        and h.message_id < public.uuid_v7_floor(now() - min_age_seconds * interval '1 second');
    events := events || public.release_held_events(chat.session_uid, chat.chat_id);
  end loop;
  return public.emit_events(events, notify => false);
end;
$$;

-- Stores the content of an outgoing message whose file was uploaded to WhatsApp.
create function public.record_upload(item jsonb) returns void
language sql volatile set search_path = ''
as $$
  update public.messages m set content = decode(item ->> 'content', 'base64')
    where m.id = (item ->> 'id')::uuid and m.session_uid = (item ->> 'uid')::uuid
      and m.status = 'SENDING';
$$;

-- Returns the files that a session has still to download, those first that are due first:
-- `[{ id, wa_message_id, chat_id, participant, direction, content, media, attempts, due_in_ms, is_held }]`.
create function public.load_media_downloads(session_uid uuid, max_files integer) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(pending) order by pending.due_in_ms, pending.id), '[]')
  from (
    select m.id, m.wa_message_id, m.chat_id, m.participant, m.direction, m.media,
           encode(m.content, 'base64') as content, d.attempts,
           greatest(0, ceil(extract(epoch from d.next_attempt_at - now()) * 1000))::bigint as due_in_ms,
           coalesce(h.waits_for_media, false) as is_held
    from public.media_downloads d
    join public.messages m on m.id = d.message_id
    left join public.held_events h on h.message_id = d.message_id
    where d.session_uid = load_media_downloads.session_uid
    order by d.next_attempt_at limit max_files
  ) pending;
$$;
$migration_20261125001350$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125001350') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125001350', 'media', ARRAY[migration]);
END;
$apply$;

-- 20261125001400_drip_queue
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125001400$-- The drip queue: rows of messages with status QUEUED, which each session sends one at a time.
-- whatsapp_sessions.next_drip_at keeps the pace.

-- The distance between two messages that these settings ask for; of both the slower one counts.
create function public.queue_interval_ms(send_interval_ms integer, max_messages_per_minute integer)
returns integer
language sql immutable parallel safe set search_path = ''
as $$
  select greatest(coalesce(send_interval_ms, 0), ceil(60000.0 / max_messages_per_minute)::integer);
$$;

-- Returns the settings that hold for a session's queue: `{ interval_ms, poll_interval_ms,
-- max_retries }`. `defaults` has the settings of the installation. The pace is that of the session,
-- else of the tenant, else of the installation: whichever sets send_interval_ms or
-- max_messages_per_minute.
create function public.queue_settings(
  session public.whatsapp_sessions, tenant public.tenants, defaults jsonb
) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'interval_ms', case
      when coalesce(session.send_interval_ms, session.max_messages_per_minute) is not null
        then public.queue_interval_ms(session.send_interval_ms, session.max_messages_per_minute)
      when coalesce(tenant.send_interval_ms, tenant.max_messages_per_minute) is not null
        then public.queue_interval_ms(tenant.send_interval_ms, tenant.max_messages_per_minute)
      else public.queue_interval_ms(
        (defaults ->> 'send_interval_ms')::integer,
        (defaults ->> 'max_messages_per_minute')::integer) end,
    'poll_interval_ms', coalesce(session.poll_interval_ms, tenant.poll_interval_ms,
      (defaults ->> 'poll_interval_ms')::integer),
    'max_retries', coalesce(session.max_retries, tenant.max_retries,
      (defaults ->> 'max_retries')::integer));
$$;

-- Returns, as one value for the reason given at event_heads:
--   { heads: for each connected session of a connector, the next message of its queue and the time
--       until the session may send it, negative when that is past;
--     poll_interval_ms: the shortest one of these sessions, null without sessions;
--     scheduled_in_ms: the time until the next scheduled message enters a queue, or null }
-- The message of the highest priority goes first, then the oldest one. Each chat keeps its order:
-- what was queued before a message in its chat goes before it. A message that waits for its next
-- attempt delays the messages of its own chat only.
create function public.load_drip_heads(connector_id uuid, defaults jsonb) returns jsonb
language plpgsql volatile set search_path = ''
-- One plan for all connectors: with many tenants, planning anew took five times as long as the query.
set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  max_released constant integer := 1000;
begin
  update public.messages m set is_scheduled = false
    where m.id = any (array(
      select due.id
      from public.whatsapp_sessions s
      cross join lateral (
        select d.id from public.messages d
        where d.session_uid = s.uid and d.rare_status = 'QUEUED' and d.is_scheduled
          and d.send_at <= now()
        order by d.send_at, d.id limit max_released
      ) due
      where s.connector_id = load_drip_heads.connector_id and s.state = 'connected'));

  -- Nothing is due later than one interval from now, unless the clock of the database was set back
  -- or the interval was shortened.
  update public.whatsapp_sessions s
    set next_drip_at = now() + pace.interval_ms * interval '1 ms'
    from public.whatsapp_sessions o
    join public.tenants t on t.tenant_id = o.tenant_id
    cross join lateral (
      select (public.queue_settings(o, t, defaults) ->> 'interval_ms')::integer as interval_ms
    ) pace
    where o.connector_id = load_drip_heads.connector_id and o.next_drip_at > now()
      and s.uid = o.uid and s.next_drip_at > now() + 1.2 * pace.interval_ms * interval '1 ms';

  return (
    select jsonb_build_object(
      'heads', coalesce(jsonb_agg(jsonb_build_object(
          'uid', owned.uid, 'id', head.id, 'chat_id', head.chat_id, 'type', head.type,
          'message', head.message, 'media', head.media,
          'content', case when owned.next_drip_at <= now() then encode(head.content, 'base64') end,
          'attempts', head.attempts,
          'interval_ms', (owned.settings ->> 'interval_ms')::integer,
          'max_retries', (owned.settings ->> 'max_retries')::integer,
          'due_in_ms', ceil(extract(epoch from owned.next_drip_at - now()) * 1000)::bigint))
        filter (where head.id is not null), '[]'),
      'poll_interval_ms', min((owned.settings ->> 'poll_interval_ms')::integer),
      'scheduled_in_ms', greatest(0,
        ceil(extract(epoch from min(scheduled.send_at) - now()) * 1000))::bigint)
    from (
      select s.uid, s.next_drip_at, coalesce(s.queue_paused_at, t.suspended_at) as queue_paused_at,
             public.queue_settings(s, t, defaults) as settings
      from public.whatsapp_sessions s
      join public.tenants t on t.tenant_id = s.tenant_id
      where s.connector_id = load_drip_heads.connector_id and s.state = 'connected'
    ) owned
    left join lateral (
      select first.*
      from public.messages m
      cross join lateral (
        select f.* from public.messages f
        where f.session_uid = m.session_uid and f.chat_id = m.chat_id
          and f.rare_status = 'QUEUED' and not f.is_scheduled
          and (f.send_before is null or f.send_before > now())
        order by f.id limit 1
      ) first
      where m.session_uid = owned.uid and m.rare_status = 'QUEUED' and not m.is_scheduled
        and (m.send_before is null or m.send_before > now())
        and (first.not_before is null or first.not_before <= now())
      order by m.priority desc, m.id
      limit 1
    ) head on owned.queue_paused_at is null
    left join lateral (
      select d.send_at from public.messages d
      where d.session_uid = owned.uid and d.rare_status = 'QUEUED' and d.is_scheduled
      order by d.send_at limit 1
    ) scheduled on true);
end;
$$;

-- Takes a message out of the queue and stores its intent, before anything is sent, and moves
-- next_drip_at by `advance_ms`. `outcome` is `created`; `gone` when the message may not be sent any
-- more, or not now; or `not_linked` when the account was unlinked meanwhile. Later duplicates in the
-- queue fail; their events are in `events`.
create function public.dequeue_message(dequeue jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  queued public.messages;
  duplicate_ids jsonb;
begin
  select m.* into queued from public.messages m
    where m.id = (dequeue ->> 'id')::uuid and m.session_uid = (dequeue ->> 'uid')::uuid
    for update;
  if queued.status = 'SENDING' and queued.wa_message_id = dequeue ->> 'wa_message_id' then
    -- The call is repeated because the answer of the first one got lost.
    return jsonb_build_object('outcome', 'created', 'message', public.message_json(queued.id));
  elsif queued.status is distinct from 'QUEUED' or queued.send_before <= now() or exists (
    select from public.whatsapp_sessions s
    where s.uid = queued.session_uid and s.queue_paused_at is not null
  ) then
    return jsonb_build_object('outcome', 'gone');
  elsif not exists (
    select from public.whatsapp_sessions s
    where s.uid = queued.session_uid and (s.phone is not null or s.lid is not null)
  ) then
    return jsonb_build_object('outcome', 'not_linked');
  end if;

  update public.messages m
    set status = 'SENDING', resends = 0,
        expires_at = least(now() + public.intent_lifetime(), m.send_before),
        wa_message_id = dequeue ->> 'wa_message_id',
        content = decode(dequeue ->> 'content', 'base64'), chat_id = dequeue ->> 'chat_id',
        phone_number = dequeue ->> 'phone', lid = dequeue ->> 'lid', not_before = null
    where m.id = queued.id;
  update public.whatsapp_sessions s
    set next_drip_at = s.next_drip_at + (dequeue ->> 'advance_ms')::bigint * interval '1 ms',
        drip_interval_ms = (dequeue ->> 'interval_ms')::bigint
    where s.uid = queued.session_uid;

  -- A later row with the same text for the same chat was queued by mistake. It becomes FAILED and
  -- is not deleted, so that whoever queued it gets an answer.
  with duplicates as (
    update public.messages m
      set status = 'FAILED', error = jsonb_build_object('code', 'duplicate', 'message',
            'The same text to the same chat was already queued, as message ' || queued.id || '.')
      where m.session_uid = queued.session_uid and m.chat_id = queued.chat_id
        and m.rare_status = 'QUEUED' and not m.is_scheduled and m.id > queued.id
        and m.type = queued.type and m.message is not distinct from queued.message
        and m.media ->> 'sha256' is not distinct from queued.media ->> 'sha256'
      returning m.id
  )
  select coalesce(jsonb_agg(d.id order by d.id), '[]') into duplicate_ids from duplicates d;

  return jsonb_build_object(
    'outcome', 'created',
    'message', public.message_json(queued.id),
    'events', (
      select coalesce(jsonb_agg(public.message_event(d.id::uuid, 'message.failed')), '[]')
      from jsonb_array_elements_text(duplicate_ids) as d(id)));
end;
$$;

-- Keeps the interval between a message that was sent just now, out of turn, and the next one.
create function public.postpone_next_drip(session_uid uuid) returns void
language sql volatile set search_path = ''
as $$
  update public.whatsapp_sessions s
    set next_drip_at = greatest(
      s.next_drip_at, clock_timestamp() + s.drip_interval_ms * interval '1 ms')
    where s.uid = postpone_next_drip.session_uid;
$$;
$migration_20261125001400$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125001400') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125001400', 'drip_queue', ARRAY[migration]);
END;
$apply$;

-- 20261125001500_received_messages
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125001500$-- What WhatsApp delivers to a session: messages and receipts.

-- Stores a message that was received, or that was synced because the account's own phone sent it
-- (direction out). Returns the events to emit: none when the message is already stored, because
-- WhatsApp delivers at least once.
create function public.record_message(received jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  session public.whatsapp_sessions;
  stored_id uuid;
  is_incoming boolean := received ->> 'direction' = 'in';
  media jsonb := nullif(received -> 'media', 'null');
begin
  select s.* into strict session
    from public.whatsapp_sessions s where s.uid = (received ->> 'uid')::uuid;

  insert into public.messages (
    tenant_id, session_uid, session_id, direction, source, chat_id, phone_number, lid, participant,
    type, message, media, status, wa_message_id, content, sent_at)
  values (
    session.tenant_id, session.uid, session.session_id, received ->> 'direction',
    case when is_incoming then 'contact' else 'phone' end,
    received ->> 'chat_id', received ->> 'phone', received ->> 'lid', received ->> 'participant',
    received ->> 'type', received ->> 'text', media,
    case when is_incoming then 'RECEIVED' else 'SENT' end,
    received ->> 'wa_message_id', decode(received ->> 'content', 'base64'),
    (received ->> 'sent_at')::timestamptz)
  on conflict (session_uid, wa_message_id, direction, chat_id) do nothing
  returning id into stored_id;

  if stored_id is null then
    return '[]';
  end if;
  if media ->> 'status' = 'pending' then
    insert into public.media_downloads (message_id, session_uid) values (stored_id, session.uid);
  end if;
  return public.hold_or_emit(
    stored_id, case when is_incoming then 'message.received' else 'message.sent' end,
    coalesce((received ->> 'wait_for_media')::boolean, false));
end;
$$;

-- Whether the session has a message with this WhatsApp id, in either direction.
create function public.has_message(session_uid uuid, wa_message_id text) returns boolean
language sql stable set search_path = ''
as $$
  with named as materialized ( -- See record_receipt.
    select m.session_uid from public.messages m where m.wa_message_id = has_message.wa_message_id
  )
  select exists (select from named n where n.session_uid = has_message.session_uid);
$$;

-- Moves an outgoing message to DELIVERED or READ, never back. A receipt that comes before the ack
-- counts as the ack too. Returns the events to emit.
create function public.record_receipt(receipt jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  message public.messages;
  was_sent boolean;
  received_at timestamptz := coalesce((receipt ->> 'at')::timestamptz, clock_timestamp());
  new_status text := receipt ->> 'status';
begin
  -- By WhatsApp's id first: in a database that was never analyzed, the planner takes any index of
  -- the session to be as good and reads the whole history of the session.
  with candidates as materialized (
    select m.id, m.session_uid, m.direction from public.messages m
    where m.wa_message_id = receipt ->> 'wa_message_id'
  )
  select c.id into message.id from candidates c
    where c.session_uid = (receipt ->> 'uid')::uuid and c.direction = 'out'
    limit 1;
  select m.* into message from public.messages m where m.id = message.id for update;
  if message.id is null
    or public.status_rank(message.status) >= public.status_rank(new_status) then
    return '[]';
  end if;
  was_sent := message.sent_at is not null;

  update public.messages m
    set status = new_status,
        sent_at = coalesce(m.sent_at, received_at),
        -- WhatsApp gives the time of a receipt in whole seconds, so it may be before sent_at.
        delivered_at = coalesce(m.delivered_at, greatest(received_at, m.sent_at)),
        read_at = case when new_status = 'READ'
          then greatest(received_at, m.sent_at, m.delivered_at) else m.read_at end,
        error = null
    where m.id = message.id;

  return case when was_sent then '[]'::jsonb
      else jsonb_build_array(
        public.message_event(message.id, 'message.sent', message.status)) end
    || jsonb_build_array(public.message_event(
      message.id, 'message.' || lower(new_status),
      case when was_sent then message.status else 'SENT' end));
end;
$$;
$migration_20261125001500$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125001500') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125001500', 'received_messages', ARRAY[migration]);
END;
$apply$;

-- 20261125001600_session_changes
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125001600$-- Changes of state that a connector reports for a session it owns.

-- Whether two identities, each with a phone and a LID where known, are of the same account.
create function public.is_same_account(
  phone_a text, lid_a text, phone_b text, lid_b text
) returns boolean
language sql immutable parallel safe set search_path = ''
as $$
  select coalesce(phone_a = phone_b, false) or coalesce(lid_a = lid_b, false);
$$;

-- Fails the messages of the account that a session had before a change, so that none is sent from
-- another one: when the account is unlinked, what is in flight; when another account is linked,
-- what is still queued too. Returns as fail_messages does.
create function public.fail_messages_of_former_account(
  stored public.whatsapp_sessions, patched public.whatsapp_sessions, reason text
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  was_linked boolean := stored.phone is not null or stored.lid is not null;
  is_linked boolean := patched.phone is not null or patched.lid is not null;
  former jsonb := case when was_linked
    then jsonb_build_object('phone', stored.phone, 'lid', stored.lid, 'until', clock_timestamp())
    else stored.former_account end;
begin
  if was_linked and not is_linked then
    return public.fail_messages(stored.uid, '{SENDING}', 'infinity', jsonb_build_object(
      'code', coalesce(reason, 'logged_out'), 'message',
      'The device was unlinked before WhatsApp confirmed the message. It may have been delivered.'));
  elsif is_linked and not public.is_same_account(
    former ->> 'phone', former ->> 'lid', patched.phone, patched.lid
  ) then
    -- Messages queued after the former account was unlinked are meant for the next one.
    return public.fail_messages(stored.uid, '{QUEUED,SENDING}',
      coalesce((former ->> 'until')::timestamptz, '-infinity'),
      jsonb_build_object('code', 'account_changed', 'message',
        'Another WhatsApp account was linked to the session before the message was sent.'));
  end if;
  return '{"messages": [], "events": []}';
end;
$$;

-- Changes the columns of a session that `patch` names. Returns the messages that fail with it and
-- the events to emit; none when the change was made before and its answer got lost. Changes of an
-- epoch are numbered from 1.
--
-- A change to the state `disconnected` ends the session: it has no owner any more. `desired` becomes
-- `disconnected` only at the version that the connector has read. If the tenant has said anything
-- else since, that counts, and a session that should be connected is claimed again.
create function public.change_session(change jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  session_uid uuid := (change ->> 'uid')::uuid;
  stored public.whatsapp_sessions;
  patched public.whatsapp_sessions;
  failed jsonb;
  number bigint := (change ->> 'number')::bigint;
begin
  select s.* into strict stored from public.whatsapp_sessions s where s.uid = session_uid;
  if number <= stored.last_change then
    return '{"failed": [], "events": []}';
  end if;
  patched := jsonb_populate_record(stored, change -> 'patch');
  if stored.desired_version <> (change ->> 'desired_version')::bigint then
    patched.desired := stored.desired;
  end if;
  if patched.state = 'disconnected' then
    patched.connector_id := null;
    if patched.desired = 'connected' then
      patched.state := case when patched.phone is null then 'connecting' else 'reconnecting' end;
      perform public.notify_connectors(session_uid);
    end if;
  end if;
  -- First, because the events of the messages show the account they were sent from.
  failed := public.fail_messages_of_former_account(
    stored, patched, change -> 'event_data' ->> 'reason');

  update public.whatsapp_sessions s
    set state = patched.state, phone = patched.phone, lid = patched.lid,
        qr = patched.qr, qr_expires_at = patched.qr_expires_at,
        pairing_code = patched.pairing_code,
        pairing_code_expires_at = patched.pairing_code_expires_at,
        connected_at = patched.connected_at, last_disconnect = patched.last_disconnect,
        former_account = case
          when patched.phone is not null or patched.lid is not null then null
          when s.phone is not null or s.lid is not null then jsonb_build_object(
            'phone', s.phone, 'lid', s.lid, 'until', clock_timestamp())
          else s.former_account end,
        desired = patched.desired, connector_id = patched.connector_id,
        last_change = coalesce(number, s.last_change), updated_at = now()
    where s.uid = session_uid;

  return jsonb_build_object(
    'failed', failed -> 'messages',
    'events', (failed -> 'events') || case when change ->> 'event' is null then '[]'::jsonb
      else jsonb_build_array(public.session_event(
        session_uid, change ->> 'event', coalesce(change -> 'event_data', '{}'))) end);
end;
$$;
$migration_20261125001600$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125001600') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125001600', 'session_changes', ARRAY[migration]);
END;
$apply$;

-- 20261125001700_commit_writes
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125001700$-- The one write of a connector: a batch in one transaction.

-- Commits everything that a connector gathered since its last commit, in one transaction. `writes`:
--   { sessions: [{ uid, epoch }],          every session that the other fields name
--     credentials, keys, clear_auth,       see write_auth
--     items: [{ kind, uid, ... }] }        see the loop below
-- Returns `{ stale: [uid], results: [...], notifications: [...] }`. The connector passes the
-- notifications of emit_events on to the hubs. Nothing of a stale session is written. There is a
-- result for each item, in the same order: for `send` that of begin_send, for `dequeue` that of
-- dequeue_message, for `resend` that of resend_message, for `outcome` the message, for `change` the
-- messages that failed with it, otherwise null.
create function public.commit_writes(connector_id uuid, writes jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  owned uuid[] := public.fence_sessions(connector_id, writes -> 'sessions');
  item jsonb;
  result jsonb;
  results jsonb := '[]';
  events jsonb := '[]';
  notifications jsonb;
begin
  perform public.write_auth(
    owned,
    coalesce(writes -> 'credentials', '[]'),
    coalesce(writes -> 'keys', '[]'),
    coalesce(writes -> 'clear_auth', '[]'));

  for item in select e.value from jsonb_array_elements(coalesce(writes -> 'items', '[]')) e loop
    result := null;
    if (item ->> 'uid')::uuid = any (owned) then
      case item ->> 'kind'
        when 'send' then result := public.begin_send(item);
        when 'dequeue' then result := public.dequeue_message(item);
        when 'resend' then result := public.resend_message(item);
        when 'outcome' then
          events := events || public.finish_send(item);
          result := public.message_json((item ->> 'id')::uuid);
        when 'message' then events := events || public.record_message(item);
        when 'media' then events := events || public.record_media(item);
        when 'upload' then perform public.record_upload(item);
        when 'receipt' then events := events || public.record_receipt(item);
        when 'change' then result := public.change_session(item);
      end case;
      events := events || coalesce(result -> 'events', '[]');
      result := result - 'events';
    end if;
    results := results || jsonb_build_array(result);
  end loop;

  notifications := public.emit_events(events, notify => false);
  return jsonb_build_object(
    'stale', (
      select coalesce(jsonb_agg(c.uid), '[]')
      from jsonb_to_recordset(writes -> 'sessions') as c(uid uuid)
      where c.uid <> all (owned)),
    'results', results,
    'notifications', notifications);
end;
$$;
$migration_20261125001700$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125001700') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125001700', 'commit_writes', ARRAY[migration]);
END;
$apply$;

-- 20261125001800_session_api
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125001800$-- What the control plane does with sessions. Every function takes the id of the tenant.

-- Raises 23505 when the tenant already has a session with this id.
create function public.create_session(
  tenant_id text, session_id text, name text, description text, network text
) returns setof public.session_resources
language plpgsql volatile set search_path = ''
as $$
#variable_conflict use_column
declare
  created uuid;
begin
  insert into public.whatsapp_sessions (tenant_id, session_id, name, description, network)
    values (create_session.tenant_id, create_session.session_id, create_session.name,
            create_session.description, create_session.network)
    returning uid into created;
  perform public.notify_connectors(created);
  return query select * from public.session_resources r where r.uid = created;
end;
$$;

-- Returns where a session runs, under which epoch, its pairing data and why its last connection ended;
-- no row when the tenant has no such session.
-- `connector_url` is null while no live connector owns the session.
create function public.locate_session(tenant_id text, session_id text)
returns table (
  uid uuid, epoch bigint, network text, state text, desired text, qr text,
  qr_expires_at timestamptz, pairing_code text, pairing_code_expires_at timestamptz,
  last_disconnect jsonb,
  connector_id uuid, connector_url text, connector_instance text
)
language sql stable set search_path = ''
as $$
  select r.uid, s.epoch, r.network, r.state, s.desired, s.qr, s.qr_expires_at,
         s.pairing_code, s.pairing_code_expires_at, s.last_disconnect, c.id, c.url, c.instance
  from public.session_resources r
  join public.whatsapp_sessions s on s.uid = r.uid
  left join public.connectors c on c.id = s.connector_id and c.lease_expires_at > now()
  where r.tenant_id = locate_session.tenant_id and r.session_id = locate_session.session_id;
$$;

-- Sets whether a session should be connected. A live owner carries out a stop; without one it is
-- carried out here. Returns false when there is no such session.
create function public.set_session_desired(tenant_id text, session_id text, desired text)
returns boolean
language plpgsql volatile set search_path = ''
as $$
#variable_conflict use_column
declare
  session public.whatsapp_sessions;
begin
  select s.* into session from public.whatsapp_sessions s
    where s.tenant_id = set_session_desired.tenant_id
      and s.session_id = set_session_desired.session_id
    for update;
  if session.uid is null then
    return false;
  end if;

  if set_session_desired.desired = 'connected' then
    update public.whatsapp_sessions s
      set desired = 'connected', desired_version = s.desired_version + 1,
          state = case when s.state = 'disconnected' then 'connecting' else s.state end,
          updated_at = now()
      where s.uid = session.uid;
  elsif public.connector_is_live(session.connector_id) then
    update public.whatsapp_sessions s
      set desired = 'disconnected', desired_version = s.desired_version + 1, updated_at = now()
      where s.uid = session.uid;
  else
    update public.whatsapp_sessions s
      set desired = 'disconnected', desired_version = s.desired_version + 1,
          state = 'disconnected', connector_id = null,
          epoch = s.epoch + 1, qr = null, qr_expires_at = null,
          pairing_code = null, pairing_code_expires_at = null, updated_at = now()
      where s.uid = session.uid;
  end if;
  perform public.notify_connectors(session.uid);
  return true;
end;
$$;

-- Removes a session with its credentials and keys. Its history stays; messages that are not sent
-- yet fail with the code session_deleted, those after the first thousand in later steps. Returns
-- false when there is no such session.
create function public.delete_session(tenant_id text, session_id text) returns boolean
language plpgsql volatile set search_path = ''
as $$
#variable_conflict use_column
declare
  deleted_uid uuid;
  deleted_event jsonb;
begin
  select s.uid into deleted_uid from public.whatsapp_sessions s
    where s.tenant_id = delete_session.tenant_id and s.session_id = delete_session.session_id
    for update;
  if deleted_uid is null then
    return false;
  end if;

  deleted_event := public.session_event(deleted_uid, 'session.disconnected',
    '{"state":"disconnected","reason":"deleted"}');
  -- Before the delete, because the events of the messages show the account of the session.
  perform public.start_removal(delete_session.tenant_id, null, deleted_uid);
  delete from public.whatsapp_sessions s where s.uid = deleted_uid;
  perform public.emit_events(jsonb_build_array(deleted_event));
  perform public.notify_connectors(deleted_uid);
  return true;
end;
$$;
$migration_20261125001800$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125001800') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125001800', 'session_api', ARRAY[migration]);
END;
$apply$;

-- 20261125001850_history_api
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125001850$-- Pages of the message history, for the control plane.

-- Returns a page of a tenant's messages, or of one of its sessions, in id order:
--   { data: [message], next: id | null }
-- `next` is the `after_id` of the next page; null on the last one. `from_id` is included, `before_id`
-- is not. With `session_ids` it is a page of these sessions, as far as they exist. For the statuses SENT, DELIVERED and READ, which no index has, one call reads a bounded
-- number of rows: its page may hold fewer messages than `page_limit` although `next` is not null.
create function public.message_page(
  tenant_id text, session_uid uuid, chat_id text, status text, direction text,
  from_id uuid, before_id uuid, after_id uuid, ascending boolean,
  page_limit integer, page_offset integer, session_ids text[] default null
) returns json
language plpgsql stable set search_path = ''
as $$
declare
  max_scanned constant integer := 5000;
  is_rare boolean := coalesce(status in ('QUEUED', 'SENDING', 'FAILED'), false);
  is_unindexed boolean := coalesce(status in ('SENT', 'DELIVERED', 'READ'), false);
  -- Incoming messages are RECEIVED, outgoing ones never are.
  directions text[] := case
    when is_rare then array[null]
    when status = 'RECEIVED' then array['in']
    when is_unindexed then array['out']
    when direction is not null then array[direction]
    else array['in', 'out'] end;
  wanted integer := page_offset + page_limit + 1;
  scanned integer := case when is_unindexed then max_scanned else wanted end;
  ordering text := case when ascending then 'asc' else 'desc' end;
  -- A branch for each session, so that a session without messages costs nothing.
  sessions uuid[] := case
    when session_uid is not null then array[session_uid]
    when session_ids is not null then array(
      select s.uid from public.whatsapp_sessions s
      where s.tenant_id = message_page.tenant_id and s.session_id = any (message_page.session_ids))
    else array[null::uuid] end;
  conditions text := 'm.tenant_id = $1'
    || case when chat_id is null then '' else ' and m.chat_id = $3' end
    || case when is_rare then ' and m.rare_status = $4' else '' end
    || case when from_id is null then '' else ' and m.id >= $5' end
    || case when before_id is null then '' else ' and m.id < $6' end
    || case when after_id is null then ''
         when ascending then ' and m.id > $7' else ' and m.id < $7' end;
  -- Each branch is a range of one index, read in its order and only as far as needed.
  candidates text := (
    select string_agg(
      format('(select m.id, m.status from public.messages m where %s%s%s order by m.id %s limit %s)',
        conditions,
        case when s is null then '' else format(' and m.session_uid = %L', s) end,
        case when d is null then '' else format(' and m.direction = %L', d) end, ordering, scanned),
      ' union all ')
    from unnest(directions) d cross join unnest(sessions) s);
  ids uuid[];
  page uuid[];
  next_id uuid;
begin
  if cardinality(sessions) = 0 then
    return json_build_object('data', json_build_array(), 'next', null);
  end if;
  execute format(
      'select array(select c.id from (%s) c%s order by c.id %s limit %s)',
      candidates, case when is_unindexed then ' where c.status = $4' else '' end, ordering, wanted)
    into ids
    using tenant_id, session_uid, chat_id, status, from_id, before_id, after_id;

  page := ids[page_offset + 1 : page_offset + page_limit];
  if cardinality(ids) = wanted then
    next_id := page[page_limit];
  elsif is_unindexed then
    execute format('select c.id from (%s) c order by c.id %s offset %s limit 1',
        candidates, ordering, max_scanned - 1)
      into next_id
      using tenant_id, session_uid, chat_id, status, from_id, before_id, after_id;
  end if;

  return json_build_object(
    'data', (
      select coalesce(json_agg(row_to_json(r) order by p.position), '[]')
      from unnest(page) with ordinality p(id, position)
      cross join lateral (
        select v.id, v.session_id, v.direction, v.source, v.chat_id, v.phone, v.lid, v.participant,
               v.type, v.text, v."from", v."to", v.message, v.media, v.status, v.wa_message_id, v.error, v.created_at, v.sent_at,
               v.delivered_at, v.read_at
        from public.message_resources v where v.id = p.id
      ) r),
    'next', next_id);
end;
$$;
$migration_20261125001850$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125001850') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125001850', 'history_api', ARRAY[migration]);
END;
$apply$;

-- 20261125001870_queue_api
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125001870$-- What the control plane does with the queues of sessions. Every function takes the id of the tenant.

-- Changes the settings that `changes` names, and returns those of the session and those that hold,
-- `{ settings, effective }`; null when there is no such session. See queue_settings.
create function public.change_queue_settings(
  tenant_id text, session_id text, changes jsonb, defaults jsonb
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  session public.whatsapp_sessions;
  tenant public.tenants;
begin
  select s.* into session from public.whatsapp_sessions s
    where s.tenant_id = change_queue_settings.tenant_id
      and s.session_id = change_queue_settings.session_id
    for no key update;
  if session.uid is null then
    return null;
  end if;
  if changes <> '{}' then
    session := jsonb_populate_record(session, changes);
    update public.whatsapp_sessions s
      set send_interval_ms = session.send_interval_ms,
          max_messages_per_minute = session.max_messages_per_minute,
          poll_interval_ms = session.poll_interval_ms, max_retries = session.max_retries,
          updated_at = now()
      where s.uid = session.uid;
    perform public.notify_connectors(session.uid);
  end if;
  select t.* into strict tenant from public.tenants t where t.tenant_id = session.tenant_id;
  return jsonb_build_object(
    'settings', jsonb_build_object(
      'send_interval_ms', session.send_interval_ms,
      'max_messages_per_minute', session.max_messages_per_minute,
      'poll_interval_ms', session.poll_interval_ms, 'max_retries', session.max_retries),
    'effective', public.queue_settings(session, tenant, defaults));
end;
$$;

-- Returns the session with this id and locks it against changes of its queue; null when the tenant has
-- none.
create function public.find_queue(of_tenant text, of_session text) returns public.whatsapp_sessions
language sql volatile set search_path = ''
as $$
  select s from public.whatsapp_sessions s
    where s.tenant_id = of_tenant and s.session_id = of_session for key share;
$$;

-- Returns whether and why nothing is sent from a queue now: `{ paused, paused_reason, paused_at }`.
create function public.queue_pause(session public.whatsapp_sessions) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'paused', session.queue_paused_at is not null or not c.is_connected,
    'paused_reason', case
      when session.queue_paused_at is not null then 'requested'
      when not c.is_connected then 'session_not_connected' end,
    'paused_at', session.queue_paused_at)
  from (
    select r.state = 'connected' as is_connected
    from public.session_resources r where r.uid = session.uid
  ) c;
$$;

-- Returns when queued messages go, if nothing changes: `first_at`, and one more every `interval_ms`.
-- Nothing while the queue is paused.
create function public.queue_forecast(session public.whatsapp_sessions, defaults jsonb) returns jsonb
language sql stable set search_path = ''
as $$
  select case when (public.queue_pause(session) ->> 'paused')::boolean then '{}'::jsonb
    else jsonb_build_object(
      'first_at', greatest(session.next_drip_at, now()),
      'interval_ms', public.queue_settings(session, t, defaults) -> 'interval_ms') end
  from public.tenants t where t.tenant_id = session.tenant_id;
$$;

-- Returns a queued message as an entry of its queue. `ahead` messages go before it; null for one that
-- waits for its send_at.
create function public.queue_entry(message public.messages, ahead bigint, forecast jsonb) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'position', ahead + 1,
    'estimated_send_at', case when forecast ? 'first_at' then greatest(
      message.send_at, message.not_before, (forecast ->> 'first_at')::timestamptz
        + coalesce(ahead, 0) * (forecast ->> 'interval_ms')::bigint * interval '1 ms') end,
    'send_at', message.send_at, 'expires_at', message.send_before, 'priority', message.priority);
$$;

create function public.queued_ahead(message public.messages) returns bigint
language sql stable set search_path = ''
as $$
  select case when not message.is_scheduled then (
    select count(*) from public.messages m
    where m.session_uid = message.session_uid and m.rare_status = 'QUEUED' and not m.is_scheduled
      and m.priority >= message.priority
      and (m.priority > message.priority or m.id < message.id)) end;
$$;

-- Puts a message into the queue of a session, connected or not. `outcome` is that of
-- take_idempotency_key, with the message and its entry of the queue, null when it has left it; or
-- `not_found`. Raises 54000 when the tenant has max_queued_messages.
create function public.queue_message(tenant_id text, session_id text, item jsonb, defaults jsonb)
returns jsonb
language plpgsql volatile set search_path = ''
as $$
#variable_conflict use_column
declare
  session public.whatsapp_sessions := public.find_queue(tenant_id, session_id);
  taken jsonb;
  queued public.messages;
begin
  if session.uid is null then
    return jsonb_build_object('outcome', 'not_found');
  end if;
  taken := public.take_idempotency_key(session.tenant_id, item, public.uuid_v7());
  if taken ->> 'outcome' = 'mismatch' then
    return taken;
  end if;
  if taken ->> 'outcome' = 'created' then
    insert into public.messages (
      id, tenant_id, session_uid, session_id, direction, source, chat_id, phone_number, lid, type,
      message, media, content, status, priority, send_at, send_before)
    values (
      (taken ->> 'id')::uuid, session.tenant_id, session.uid, session.session_id, 'out', 'queue',
      item ->> 'chat_id', item ->> 'phone', item ->> 'lid', item ->> 'type', item ->> 'text',
      nullif(item -> 'media', 'null'), decode(item ->> 'content', 'base64'), 'QUEUED',
      coalesce((item ->> 'priority')::smallint, 0), (item ->> 'send_at')::timestamptz,
      (item ->> 'send_before')::timestamptz);
    delete from public.media_removals r
      where r.path = public.media_path(session.tenant_id, nullif(item -> 'media', 'null'));
    perform public.emit_events(jsonb_build_array(
      public.message_event((taken ->> 'id')::uuid, 'message.queued')));
  end if;
  select m.* into queued from public.messages m where m.id = (taken ->> 'id')::uuid;
  return jsonb_build_object(
    'outcome', taken -> 'outcome',
    'message', public.message_json(queued.id),
    'queue', case when queued.status = 'QUEUED' then public.queue_entry(
      queued, public.queued_ahead(queued), public.queue_forecast(session, defaults)) end);
end;
$$;

-- Takes a message out of the queue. `{ outcome, message }`: `cancelled`; `not_queued` when it has left
-- the queue; or `not_found`.
create function public.cancel_message(tenant_id text, session_id text, message_id uuid) returns jsonb
language plpgsql volatile set search_path = ''
as $$
#variable_conflict use_column
declare
  found_message public.messages;
begin
  select m.* into found_message
    from public.messages m
    join public.whatsapp_sessions s on s.uid = m.session_uid
    where m.id = cancel_message.message_id and m.direction = 'out'
      and s.tenant_id = cancel_message.tenant_id and s.session_id = cancel_message.session_id
    for update of m;
  if found_message.id is null then
    return jsonb_build_object('outcome', 'not_found');
  elsif found_message.status <> 'QUEUED' then
    return jsonb_build_object('outcome', 'not_queued', 'message', public.message_json(message_id));
  end if;
  update public.messages m set status = 'FAILED', error = public.cancelled_error()
    where m.id = found_message.id;
  perform public.emit_events(jsonb_build_array(
    public.message_event(found_message.id, 'message.failed')));
  return jsonb_build_object('outcome', 'cancelled', 'message', public.message_json(message_id));
end;
$$;

create function public.cancelled_error() returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select '{"code": "cancelled", "message": "The message was cancelled before it was sent."}'::jsonb;
$$;

-- Pauses or resumes the queue of a session. Returns false when there is no such session.
create function public.pause_queue(tenant_id text, session_id text, paused boolean) returns boolean
language plpgsql volatile set search_path = ''
as $$
declare
  changed uuid;
begin
  update public.whatsapp_sessions s
    set queue_paused_at = case when paused then coalesce(s.queue_paused_at, now()) end,
        updated_at = now()
    where s.tenant_id = pause_queue.tenant_id and s.session_id = pause_queue.session_id
    returning s.uid into changed;
  perform public.notify_connectors(changed) where changed is not null;
  return changed is not null;
end;
$$;

-- Returns a page of a session's queue in the order in which it goes, and its state; null when there is
-- no such session. Messages that wait for their send_at come last.
--   { length, scheduled, paused, paused_reason, paused_at, interval_ms, data: [{ message, queue }],
--     next: { priority, id, ahead } | { send_at, id } | null }
-- `after` is the `next` of the page before.
create function public.queue_page(
  tenant_id text, session_id text, defaults jsonb, after jsonb, page_limit integer
) returns jsonb
language plpgsql stable set search_path = ''
as $$
#variable_conflict use_column
declare
  session public.whatsapp_sessions;
  tenant public.tenants;
  forecast jsonb;
  ahead bigint := coalesce((after ->> 'ahead')::bigint, 0);
  entries jsonb := '[]';
  next jsonb;
  message public.messages;
begin
  select s.* into session from public.whatsapp_sessions s
    where s.tenant_id = queue_page.tenant_id and s.session_id = queue_page.session_id;
  if session.uid is null then
    return null;
  end if;
  select t.* into strict tenant from public.tenants t where t.tenant_id = session.tenant_id;
  forecast := public.queue_forecast(session, defaults);

  if not coalesce(after ? 'send_at', false) then
    for message in
      select m.* from public.messages m
      where m.session_uid = session.uid and m.rare_status = 'QUEUED' and not m.is_scheduled
        and (after is null or (
          m.priority <= (after ->> 'priority')::smallint
          and (m.priority < (after ->> 'priority')::smallint or m.id > (after ->> 'id')::uuid)))
      order by m.priority desc, m.id limit page_limit
    loop
      entries := entries || jsonb_build_array(jsonb_build_object(
        'message', public.message_json(message.id),
        'queue', public.queue_entry(message, ahead, forecast)));
      ahead := ahead + 1;
      next := jsonb_build_object('priority', message.priority, 'id', message.id, 'ahead', ahead);
    end loop;
  end if;
  if jsonb_array_length(entries) < page_limit then
    for message in
      select m.* from public.messages m
      where m.session_uid = session.uid and m.rare_status = 'QUEUED' and m.is_scheduled
        and (not coalesce(after ? 'send_at', false)
          or (m.send_at, m.id) > ((after ->> 'send_at')::timestamptz, (after ->> 'id')::uuid))
      order by m.send_at, m.id limit page_limit - jsonb_array_length(entries)
    loop
      entries := entries || jsonb_build_array(jsonb_build_object(
        'message', public.message_json(message.id),
        'queue', public.queue_entry(message, null, forecast)));
      next := jsonb_build_object('send_at', message.send_at, 'id', message.id);
    end loop;
  end if;

  return public.queue_pause(session) || jsonb_build_object(
    'length', (
      select count(*) from public.messages m
      where m.session_uid = session.uid and m.rare_status = 'QUEUED'),
    'scheduled', (
      select count(*) from public.messages m
      where m.session_uid = session.uid and m.rare_status = 'QUEUED' and m.is_scheduled),
    'interval_ms', public.queue_settings(session, tenant, defaults) -> 'interval_ms',
    'data', entries,
    'next', case when jsonb_array_length(entries) = page_limit then next end);
end;
$$;

create table public.bulk_sends (
  id uuid primary key default public.uuid_v7(),
  tenant_id text not null references public.tenants on delete cascade,
  -- Not a foreign key: as the messages, it outlives its session.
  session_uid uuid not null,
  session_id text not null,
  total integer not null,
  created_at timestamptz not null default now(),
  cancelled_at timestamptz
);
create index bulk_sends_by_tenant on public.bulk_sends (tenant_id, id);
comment on table public.bulk_sends is
  'Requests to send one text to many recipients; their messages name them in bulk_id. Rows are removed with their tenant, and by purge_expired after message_retention_days of the tenant.';

-- Returns a bulk as the API shows it.
create function public.bulk_json(bulk public.bulk_sends) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'id', bulk.id, 'session_id', bulk.session_id, 'total', bulk.total,
    'by_status', coalesce(jsonb_object_agg(c.status, c.messages) filter (where c.status is not null), '{}'),
    'done', coalesce(sum(c.messages) filter (where c.status in ('QUEUED', 'SENDING')), 0) = 0,
    'created_at', bulk.created_at, 'cancelled_at', bulk.cancelled_at)
  from (
    select m.status, count(*) as messages from public.messages m
    where m.bulk_id = bulk.id and m.tenant_id = bulk.tenant_id group by m.status
  ) c;
$$;

-- Queues a message for each of `bulk.messages`, `[{ chat_id, phone, lid, text }]`, all or none.
-- `{ outcome, bulk, last }`, with the outcomes of queue_message; `last` is the entry of the last one.
create function public.queue_bulk(tenant_id text, session_id text, bulk jsonb, defaults jsonb)
returns jsonb
language plpgsql volatile set search_path = ''
as $$
#variable_conflict use_column
declare
  session public.whatsapp_sessions := public.find_queue(tenant_id, session_id);
  taken jsonb;
  made public.bulk_sends;
  last_queued public.messages;
begin
  if session.uid is null then
    return jsonb_build_object('outcome', 'not_found');
  end if;
  taken := public.take_idempotency_key(session.tenant_id, bulk, public.uuid_v7());
  if taken ->> 'outcome' = 'mismatch' then
    return taken;
  end if;
  if taken ->> 'outcome' = 'created' then
    insert into public.bulk_sends (id, tenant_id, session_uid, session_id, total)
      values ((taken ->> 'id')::uuid, session.tenant_id, session.uid, session.session_id,
              jsonb_array_length(bulk -> 'messages'));
    insert into public.messages (
      tenant_id, session_uid, session_id, direction, source, chat_id, phone_number, lid, message,
      status, priority, send_at, send_before, bulk_id)
    select session.tenant_id, session.uid, session.session_id, 'out', 'queue',
           r.value ->> 'chat_id', r.value ->> 'phone', r.value ->> 'lid', r.value ->> 'text',
           'QUEUED', coalesce((bulk ->> 'priority')::smallint, 0),
           (bulk ->> 'send_at')::timestamptz, (bulk ->> 'send_before')::timestamptz,
           (taken ->> 'id')::uuid
    from jsonb_array_elements(bulk -> 'messages') with ordinality r
    order by r.ordinality;
  end if;
  select b.* into strict made from public.bulk_sends b where b.id = (taken ->> 'id')::uuid;
  select m.* into last_queued from public.messages m
    where m.bulk_id = made.id and m.rare_status = 'QUEUED' order by m.id desc limit 1;
  return jsonb_build_object(
    'outcome', taken -> 'outcome',
    'bulk', public.bulk_json(made),
    'last', case when last_queued.id is not null then public.queue_entry(
      last_queued, public.queued_ahead(last_queued), public.queue_forecast(session, defaults)) end);
end;
$$;

-- Returns a bulk of a tenant; null when it has none with this id.
create function public.find_bulk(tenant_id text, session_id text, bulk_id uuid) returns jsonb
language sql stable set search_path = ''
as $$
  select public.bulk_json(b) from public.bulk_sends b
  where b.id = find_bulk.bulk_id and b.tenant_id = find_bulk.tenant_id
    and b.session_id = find_bulk.session_id
    -- A new session of the same name does not inherit it.
    and exists (select from public.whatsapp_sessions s where s.uid = b.session_uid);
$$;

-- Cancels what has not left the queue, and returns the bulk; null when the tenant has none with this id.
create function public.cancel_bulk(tenant_id text, session_id text, bulk_id uuid) returns jsonb
language plpgsql volatile set search_path = ''
as $$
#variable_conflict use_column
declare
  cancelled uuid[];
begin
  update public.bulk_sends b set cancelled_at = coalesce(b.cancelled_at, now())
    where b.id = cancel_bulk.bulk_id and b.tenant_id = cancel_bulk.tenant_id
      and b.session_id = cancel_bulk.session_id
      and exists (select from public.whatsapp_sessions s where s.uid = b.session_uid);
  if not found then
    return null;
  end if;
  with changed as (
    update public.messages m set status = 'FAILED', error = public.cancelled_error()
      where m.bulk_id = cancel_bulk.bulk_id and m.rare_status = 'QUEUED'
      returning m.id
  )
  select array_agg(c.id order by c.id) into cancelled from changed c;
  perform public.emit_events((
    select jsonb_agg(public.message_event(c.id, 'message.failed') order by c.id)
    from unnest(cancelled) as c(id))) where cancelled is not null;
  return public.find_bulk(tenant_id, session_id, bulk_id);
end;
$$;
$migration_20261125001870$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125001870') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125001870', 'queue_api', ARRAY[migration]);
END;
$apply$;

-- 20261125001900_webhook_deliveries
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125001900$-- What delivers webhooks calls, and what lists and repeats deliveries.

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
$migration_20261125001900$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125001900') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125001900', 'webhook_deliveries', ARRAY[migration]);
END;
$apply$;

-- 20261125001940_removals
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125001940$-- Deleting what may have millions of rows. The tenant, session or endpoint is gone at once; its rows
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
$migration_20261125001940$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125001940') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125001940', 'removals', ARRAY[migration]);
END;
$apply$;

-- 20261125001950_retention
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125001950$-- Removing what is older than its retention, in steps that stay far below a statement timeout. The
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
$migration_20261125001950$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125001950') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125001950', 'retention', ARRAY[migration]);
END;
$apply$;

-- 20261125001960_stats_api
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125001960$-- The statistics of a tenant.

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
$migration_20261125001960$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125001960') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125001960', 'stats_api', ARRAY[migration]);
END;
$apply$;

-- 20261125002000_access
DO $apply$
DECLARE
  migration CONSTANT text := $migration_20261125002000$-- Who may read what: the service role everything, a tenant's JWT (role authenticated, claim
-- tenant_id) the sessions, messages, events and counts of that tenant, anon nothing. Only the service
-- role may write.

do $$
declare
  relation record;
begin
  for relation in
    select c.relname, c.relkind from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')
  loop
    execute format('revoke all on public.%I from public, anon, authenticated', relation.relname);
    execute format('grant all on public.%I to service_role', relation.relname);
    if relation.relkind = 'r' then
      execute format('alter table public.%I enable row level security', relation.relname);
    end if;
  end loop;
end;
$$;

-- A hosted project grants every role access to later tables; here a migration must grant it.
alter default privileges in schema public revoke all on tables from anon, authenticated;
alter default privileges in schema public revoke all on sequences from anon, authenticated;

revoke execute on all functions in schema public from public, anon, authenticated;
grant execute on all functions in schema public to service_role;
-- session_resources calls it.
grant execute on function public.connector_is_live(uuid) to authenticated;

-- Returns the tenant of the token. A token that was issued to an API key ends with that key, and
-- every token with its tenant, whose rows are removed in steps. Reads the tables as their owner: the
-- policies call it for every statement of a frontend.
create function public.own_tenant() returns text
language sql stable security definer set search_path = ''
as $$
  select case
    when not auth.jwt() ? 'key_id' then (
      select t.tenant_id from public.tenants t where t.tenant_id = auth.jwt() ->> 'tenant_id')
    else (
      select k.tenant_id from public.api_keys k
      where k.id = (auth.jwt() ->> 'key_id')::uuid and k.tenant_id = auth.jwt() ->> 'tenant_id'
        and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
        and not exists (
          select from public.tenants t
          where t.tenant_id = k.tenant_id and t.suspended_at is not null)
    ) end;
$$;
revoke execute on function public.own_tenant() from public, anon;
grant execute on function public.own_tenant() to authenticated, service_role;

-- Columns, not tables. The token is in a browser: it shows no API key, webhook, credential or lease.
grant select (tenant_id, name) on public.tenants to authenticated;
grant select (uid, tenant_id, session_id, name, description, network, desired, state, phone, lid,
  connected_at, last_disconnect, connector_id, created_at, updated_at)
  on public.whatsapp_sessions to authenticated;
grant select (id, tenant_id, session_uid, session_id, platform, direction, source, chat_id,
  phone_number, lid, participant, type, message, media, status, wa_message_id, error, created_at, sent_at,
  delivered_at, read_at) on public.messages to authenticated;
grant select on public.events to authenticated;
grant select on public.api_calls, public.message_counts, public.delivery_counts to authenticated;
grant select on public.session_resources, public.message_resources, public.event_resources
  to authenticated;

create policy own_rows on public.tenants for select to authenticated
  using (tenant_id = (select public.own_tenant()));
create policy own_rows on public.whatsapp_sessions for select to authenticated
  using (tenant_id = (select public.own_tenant()));
create policy own_rows on public.messages for select to authenticated
  using (tenant_id = (select public.own_tenant()));
create policy own_rows on public.events for select to authenticated
  using (tenant_id = (select public.own_tenant()));
create policy own_rows on public.api_calls for select to authenticated
  using (tenant_id = (select public.own_tenant()));
create policy own_rows on public.message_counts for select to authenticated
  using (tenant_id = (select public.own_tenant()));
create policy own_rows on public.delivery_counts for select to authenticated
  using (tenant_id = (select public.own_tenant()));

-- Frontends of a tenant may join the topic of that tenant. The topics of connectors and hubs have
-- no policy, so only the service role may join them.
create policy own_events on realtime.messages for select to authenticated
  using (
    realtime.topic() = 'tenant:' || (select public.own_tenant()) || ':events'
    and extension = 'broadcast'
  );
$migration_20261125002000$;
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '20261125002000') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('20261125002000', 'access', ARRAY[migration]);
END;
$apply$;

COMMIT;
