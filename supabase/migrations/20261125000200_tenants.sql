-- Tenants and their API keys. Only the SHA-256 of a key is stored.

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
