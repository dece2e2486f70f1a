-- Messages: the history, the intents of outgoing messages and the drip queue in one table.

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
