-- Queueing a message with a plain INSERT into messages: triggers find the session, derive the
-- chat from the phone number and notify the connectors.

-- Returns the session that a plain insert names. Raises 22023, with what to do, when none or
-- more than one matches.
create function public.resolve_session(wanted_tenant text, wanted_session text)
returns public.whatsapp_sessions
language plpgsql stable set search_path = ''
as $$
declare
  found_sessions public.whatsapp_sessions[];
begin
  select array_agg(s) into found_sessions
  from public.whatsapp_sessions s
  where (wanted_tenant is null or s.tenant_id = wanted_tenant)
    and (
      s.tenant_id || '_' || s.session_id = wanted_session
      or s.session_id = wanted_session
        -- Tenants choose their session ids freely. An id that starts with the id of another
        -- tenant does not receive the messages of that tenant.
        and (wanted_tenant is not null or not exists (
          select from public.tenants t
          where t.tenant_id <> s.tenant_id and starts_with(wanted_session, t.tenant_id || '_')
        ))
    );

  case coalesce(array_length(found_sessions, 1), 0)
    when 1 then return found_sessions[1];
    when 0 then
      raise exception 'no session "%"', wanted_session using errcode = '22023',
        hint = 'Create the session first, and write session_id as it was created or as <tenant_id>_<session_id>.';
    else
      raise exception 'session_id "%" names more than one session', wanted_session
        using errcode = '22023',
        hint = 'Add tenant_id, or write session_id as <tenant_id>_<session_id>.';
  end case;
end;
$$;

create function public.messages_before_insert() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  session public.whatsapp_sessions;
begin
  if new.session_uid is null then
    session := public.resolve_session(new.tenant_id, new.session_id);
    new.session_uid := session.uid;
    new.tenant_id := session.tenant_id;
    new.session_id := session.session_id;
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
  end if;
  return new;
end;
$$;

create trigger messages_before_insert before insert on public.messages
  for each row execute function public.messages_before_insert();

-- Sends one notification per session and statement, however many rows it queues.
create function public.messages_after_insert() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform public.notify_connectors(q.session_uid)
  from (select distinct i.session_uid from inserted i where i.status = 'QUEUED') q;
  return null;
end;
$$;

create trigger messages_after_insert after insert on public.messages
  referencing new table as inserted
  for each statement execute function public.messages_after_insert();
