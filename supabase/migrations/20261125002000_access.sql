-- Who may read what: the service role everything, a tenant's JWT (role authenticated, claim
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
