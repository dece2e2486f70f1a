-- Tenants and their API keys. Of a key only its SHA-256 is kept.

create table public.tenants (
  tenant_id text primary key check (tenant_id ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$'),
  name text not null check (length(name) between 1 and 200),
  -- Only written to: a trigger moves its hash to api_keys and blanks it.
  api_key text,
  -- The default webhook endpoint; a trigger keeps webhook_endpoints in step.
  webhook_url text,
  webhook_secret text,
  rate_limit_per_minute integer not null default 60 check (rate_limit_per_minute > 0),
  send_interval_ms integer not null default 20000 check (send_interval_ms >= 0),
  cors_origins text[] not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table public.api_keys (
  id uuid primary key default public.uuid_v7(),
  tenant_id text not null references public.tenants on delete cascade,
  name text not null default 'default' check (length(name) between 1 and 100),
  network text not null check (network in ('live', 'sandbox')),
  key_hash text not null unique check (key_hash ~ '^[0-9a-f]{64}$'),
  -- The first characters, so that a person can tell keys apart.
  hint text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz
);
create index api_keys_by_tenant on public.api_keys (tenant_id, id);

-- Turns a raw key into what is kept of it. Raises 22023 with what to do when its form is wrong.
create function public.describe_api_key(api_key text)
returns table (key_hash text, hint text, network text)
language plpgsql immutable set search_path = ''
as $$
begin
  if api_key !~ '^sk_(live|test)_[A-Za-z0-9_-]{8,}$' then
    raise exception 'api_key must be sk_live_ or sk_test_ followed by at least 8 letters, digits, _ or -'
      using errcode = '22023',
            hint = 'sk_test_ keys create sessions on the sandbox network, sk_live_ keys on WhatsApp.';
  end if;
  return query select
    encode(sha256(convert_to(api_key, 'UTF8')), 'hex'),
    substring(api_key for 12),
    case when starts_with(api_key, 'sk_test_') then 'sandbox' else 'live' end;
end;
$$;

-- Replaces a raw key by `hash hint network` before the row is written, so that the key
-- itself never reaches a table, the WAL or a replica.
create function public.tenants_before_write() returns trigger
language plpgsql set search_path = ''
as $$
begin
  -- In an upsert it passes here twice; only the first time it is the key.
  if new.api_key !~ '^[0-9a-f]{64} ' then
    select d.key_hash || ' ' || d.hint || ' ' || d.network into new.api_key
      from public.describe_api_key(new.api_key) d;
  end if;
  if new.webhook_url is not null and new.webhook_secret is null then
    new.webhook_secret := 'whsec_' || encode(
      uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), 'base64');
  end if;
  new.updated_at := now();
  return new;
end;
$$;

create function public.tenants_after_write() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  parts text[];
begin
  insert into public.event_counters (tenant_id) values (new.tenant_id) on conflict do nothing;

  if new.api_key is not null then
    parts := string_to_array(new.api_key, ' ');
    insert into public.api_keys (tenant_id, key_hash, hint, network)
      values (new.tenant_id, parts[1], parts[2], parts[3]);
    update public.tenants set api_key = null where tenant_id = new.tenant_id;
  end if;

  if tg_op = 'INSERT'
    or new.webhook_url is distinct from old.webhook_url
    or new.webhook_secret is distinct from old.webhook_secret then
    if new.webhook_url is null then
      delete from public.webhook_endpoints where tenant_id = new.tenant_id and is_default;
    else
      insert into public.webhook_endpoints (tenant_id, url, secret, is_default)
        values (new.tenant_id, new.webhook_url, new.webhook_secret, true)
        on conflict (tenant_id) where is_default
        do update set url = excluded.url, secret = excluded.secret;
    end if;
  end if;
  return null;
end;
$$;

create trigger tenants_before_write before insert or update on public.tenants
  for each row execute function public.tenants_before_write();
create trigger tenants_after_write after insert or update on public.tenants
  for each row execute function public.tenants_after_write();
