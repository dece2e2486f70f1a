-- Queueing a message with a plain INSERT into messages: triggers find the session, derive the
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
