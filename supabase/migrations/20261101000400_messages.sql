-- Messages: history, outgoing intents and the drip queue in one table.

create table public.messages (
  id uuid primary key default public.uuid_v7(),
  tenant_id text not null references public.tenants on delete cascade,
  -- No foreign key: history outlives a deleted session, and a new session of the same name
  -- does not inherit it.
  session_uid uuid not null,
  session_id text not null,
  platform text not null default 'WHATSAPP' check (platform = 'WHATSAPP'),
  direction text not null default 'out' check (direction in ('in', 'out')),
  -- Who made it: a call, a queued row, the phone itself, or the other side.
  source text not null default 'queue' check (source in ('api', 'queue', 'phone', 'contact')),
  chat_id text not null,
  phone_number text,
  lid text,
  -- In a group: who wrote.
  participant text,
  type text not null default 'text',
  message text,
  status text not null check (status in (
    'QUEUED', 'SENDING', 'SENT', 'DELIVERED', 'READ', 'FAILED', 'RECEIVED')),
  wa_message_id text,
  -- The encoded WhatsApp message: what is sent again under the same id, and what answers
  -- a retry request after a restart.
  content bytea,
  error jsonb,
  attempts integer not null default 0,
  not_before timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  sent_at timestamptz,
  delivered_at timestamptz,
  read_at timestamptz
);

-- The id sorts by time, so each of these serves a history page from either end.
create index messages_by_tenant on public.messages (tenant_id, id);
create index messages_by_tenant_status on public.messages (tenant_id, status, id);
create index messages_by_tenant_out on public.messages (tenant_id, id) where direction = 'out';
create index messages_by_tenant_chat on public.messages (tenant_id, chat_id, id);
create index messages_by_tenant_chat_status on public.messages (tenant_id, chat_id, status, id);
create index messages_by_session on public.messages (session_uid, id);
create index messages_by_session_status on public.messages (session_uid, status, id);
create index messages_by_session_out on public.messages (session_uid, id) where direction = 'out';
create index messages_by_session_chat on public.messages (session_uid, chat_id, id);
create index messages_by_session_chat_status on public.messages (session_uid, chat_id, status, id);
create unique index messages_by_wa_id
  on public.messages (wa_message_id, session_uid, direction, chat_id);
create index messages_queued on public.messages (session_uid, id) where status = 'QUEUED';
create index messages_in_flight on public.messages (session_uid, id) where status = 'SENDING';

create table public.idempotency_keys (
  tenant_id text not null references public.tenants on delete cascade,
  key text not null,
  request_hash text not null,
  message_id uuid not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, key)
);

-- Finds the session that a plain SQL insert means. Raises 22023 with what to do.
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
        -- A tenant names its sessions as it likes: what reads as another tenant's is not its own.
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

-- One hint for each session and statement, however many rows are queued at once.
create function public.messages_after_insert() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform public.wake_connectors(q.session_uid)
  from (select distinct i.session_uid from inserted i where i.status = 'QUEUED') q;
  return null;
end;
$$;

create trigger messages_after_insert after insert on public.messages
  referencing new table as inserted
  for each statement execute function public.messages_after_insert();

-- How far along a message is; a late receipt never moves it back.
create function public.status_rank(status text) returns integer
language sql immutable parallel safe set search_path = ''
as $$
  select case status
    when 'QUEUED' then 0 when 'SENDING' then 1 when 'FAILED' then 2
    when 'SENT' then 3 when 'DELIVERED' then 4 when 'READ' then 5 when 'RECEIVED' then 6 end;
$$;

-- A message as the API, the events and the webhooks show it.
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
  m.status,
  m.wa_message_id,
  m.error,
  m.created_at,
  m.sent_at,
  m.delivered_at,
  m.read_at
from public.messages m;
