-- Who may read what: the service role everything, a tenant's JWT (role authenticated, claim
-- tenant_id) its own rows, anon nothing. Writes go through the service role only.

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

-- A hosted project opens every later table to everybody; here a migration has to say so.
alter default privileges in schema public revoke all on tables from anon, authenticated;
alter default privileges in schema public revoke all on sequences from anon, authenticated;

revoke execute on all functions in schema public from public, anon, authenticated;
grant execute on all functions in schema public to service_role;
-- The views compute with these.
grant execute on function public.connector_is_live(uuid) to authenticated;

create function public.own_tenant() returns text
language sql stable set search_path = ''
as $$
  select auth.jwt() ->> 'tenant_id';
$$;
revoke execute on function public.own_tenant() from public, anon;
grant execute on function public.own_tenant() to authenticated, service_role;

-- Columns, not tables: no key hash, webhook secret, credential or lease ever reaches a tenant.
grant select (tenant_id, name, webhook_url, rate_limit_per_minute, send_interval_ms, cors_origins,
  created_at, updated_at) on public.tenants to authenticated;
grant select (id, tenant_id, name, network, hint, created_at, expires_at, revoked_at)
  on public.api_keys to authenticated;
grant select (uid, tenant_id, session_id, name, description, network, desired, state, phone, lid,
  connected_at, last_disconnect, connector_id, created_at, updated_at)
  on public.whatsapp_sessions to authenticated;
grant select (id, tenant_id, session_uid, session_id, platform, direction, source, chat_id,
  phone_number, lid, participant, type, message, status, wa_message_id, error, created_at, sent_at,
  delivered_at, read_at) on public.messages to authenticated;
grant select on public.events to authenticated;
grant select (id, tenant_id, url, events, enabled, is_default, created_at)
  on public.webhook_endpoints to authenticated;
grant select on public.webhook_deliveries, public.api_calls to authenticated;
grant select on public.session_resources, public.message_resources, public.event_resources
  to authenticated;

create policy own_rows on public.tenants for select to authenticated
  using (tenant_id = (select public.own_tenant()));
create policy own_rows on public.api_keys for select to authenticated
  using (tenant_id = (select public.own_tenant()));
create policy own_rows on public.whatsapp_sessions for select to authenticated
  using (tenant_id = (select public.own_tenant()));
create policy own_rows on public.messages for select to authenticated
  using (tenant_id = (select public.own_tenant()));
create policy own_rows on public.events for select to authenticated
  using (tenant_id = (select public.own_tenant()));
create policy own_rows on public.webhook_endpoints for select to authenticated
  using (tenant_id = (select public.own_tenant()));
create policy own_rows on public.webhook_deliveries for select to authenticated
  using (tenant_id = (select public.own_tenant()));
create policy own_rows on public.api_calls for select to authenticated
  using (tenant_id = (select public.own_tenant()));

-- A tenant's frontends listen on their own topic; the topics of connectors and hubs have no
-- policy, so only the service role joins them.
create policy own_events on realtime.messages for select to authenticated
  using (
    realtime.topic() = 'tenant:' || (select public.own_tenant()) || ':events'
    and extension = 'broadcast'
  );
