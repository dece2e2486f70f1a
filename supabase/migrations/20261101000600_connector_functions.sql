-- What a connector calls. Every write carries the epoch of the session it was made under,
-- and a stale one changes nothing.

create function public.register_connector(
  connector_id uuid, url text, instance text, networks text[], capacity integer, lease_ms integer
) returns void
language sql volatile set search_path = ''
as $$
  insert into public.connectors (id, url, instance, networks, capacity, lease_expires_at)
  values (connector_id, url, instance, networks, capacity, now() + lease_ms * interval '1 ms')
  -- Asked again because the answer got lost.
  on conflict (id) do update set lease_expires_at = excluded.lease_expires_at, draining = false;
  -- Rows of processes that ended long ago.
  delete from public.connectors where lease_expires_at < now() - interval '1 day';
$$;

-- False when the lease had already run out: the connector must close everything and register
-- anew, because its sessions may belong to another by now.
create function public.renew_connector(connector_id uuid, lease_ms integer) returns boolean
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

-- Gives up every session at once, so that another connector takes them without waiting.
create function public.retire_connector(connector_id uuid) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  update public.connectors c set draining = true, lease_expires_at = now()
    where c.id = retire_connector.connector_id;
  update public.whatsapp_sessions s set connector_id = null, updated_at = now()
    where s.connector_id = retire_connector.connector_id;
  perform public.wake_connectors(null);
end;
$$;

-- Takes up to `max_sessions` that should be connected and have no living owner.
create function public.claim_sessions(connector_id uuid, max_sessions integer)
returns table (
  uid uuid, tenant_id text, session_id text, network text, epoch bigint, state text,
  phone text, lid text, ciphertext text
)
language plpgsql volatile set search_path = ''
as $$
#variable_conflict use_column
declare
  claimed uuid[];
  was_connected uuid[];
begin
  select array_agg(c.uid), array_agg(c.uid) filter (where c.state = 'connected')
    into claimed, was_connected
  from (
    select s.uid, s.state
    from public.whatsapp_sessions s
    join public.connectors me
      on me.id = claim_sessions.connector_id and s.network = any (me.networks)
      and me.lease_expires_at > now() and not me.draining
    where s.desired = 'connected'
      and (s.connector_id is null or not public.connector_is_live(s.connector_id))
    order by s.uid
    limit max_sessions
    for update of s skip locked
  ) c;
  if claimed is null then
    return;
  end if;

  update public.whatsapp_sessions s
    set connector_id = claim_sessions.connector_id,
        epoch = s.epoch + 1,
        state = case when s.phone is null then 'connecting' else 'reconnecting' end,
        qr = null, qr_expires_at = null, pairing_code = null, pairing_code_expires_at = null,
        last_disconnect = case when s.uid = any (was_connected)
          then jsonb_build_object(
            -- One that stops gives its sessions up first.
            'reason', case when s.connector_id is null then 'connector_stopped' else 'connector_lost' end,
            'at', now())
          else s.last_disconnect end,
        updated_at = now()
    where s.uid = any (claimed);

  perform public.emit_events((
    select coalesce(jsonb_agg(public.session_event(s.uid, 'session.disconnected', '{}')), '[]')
    from unnest(was_connected) as s(uid)
  ));

  return query
    select s.uid, s.tenant_id, s.session_id, s.network, s.epoch, s.state, s.phone, s.lid,
           encode(k.ciphertext, 'base64')
    from public.whatsapp_sessions s
    left join public.session_credentials k on k.session_uid = s.uid
    where s.uid = any (claimed);
end;
$$;

-- Of the sessions that a connector believes it owns, those that it does not own any more or
-- that should not be connected, with what is wanted of them.
create function public.check_ownership(connector_id uuid)
returns table (uid uuid, epoch bigint, desired text)
language sql stable set search_path = ''
as $$
  select s.uid, s.epoch, s.desired
  from public.whatsapp_sessions s
  where s.connector_id = check_ownership.connector_id;
$$;

-- Gives up sessions that a connector owns without holding them: the answer of a claim may get
-- lost on its way.
create function public.release_sessions(connector_id uuid, session_uids uuid[]) returns void
language sql volatile set search_path = ''
as $$
  update public.whatsapp_sessions s
    set connector_id = null, epoch = s.epoch + 1, updated_at = now()
    where s.connector_id = release_sessions.connector_id and s.uid = any (session_uids);
$$;

create function public.load_signal_keys(session_uid uuid, type text, ids text[])
returns table (id text, ciphertext text)
language sql stable set search_path = ''
as $$
  select k.id, encode(k.ciphertext, 'base64')
  from public.signal_keys k
  where k.session_uid = load_signal_keys.session_uid
    and k.type = load_signal_keys.type
    and k.id = any (ids);
$$;

-- What a retry request is answered with. Null when there is no such message.
create function public.load_message_content(session_uid uuid, wa_message_id text) returns text
language sql stable set search_path = ''
as $$
  with named as materialized ( -- See record_receipt.
    select * from public.messages m where m.wa_message_id = load_message_content.wa_message_id
  )
  select encode(m.content, 'base64')
  from named m
  where m.session_uid = load_message_content.session_uid and m.direction = 'out'
  limit 1;
$$;

-- Messages whose ack never came: sent again under the same id after a reconnect.
create function public.load_in_flight(session_uid uuid)
returns table (id uuid, wa_message_id text, chat_id text, content text, source text, attempts integer)
language sql stable set search_path = ''
as $$
  select m.id, m.wa_message_id, m.chat_id, encode(m.content, 'base64'), m.source, m.attempts
  from public.messages m
  where m.session_uid = load_in_flight.session_uid and m.status = 'SENDING'
  order by m.id;
$$;

create function public.message_json(message_id uuid) returns jsonb
language sql stable set search_path = ''
as $$
  select to_jsonb(r) - 'session_uid' - 'tenant_id'
  from public.message_resources r where r.id = message_id;
$$;

-- The message that an idempotency key already stands for: `{ request_hash, message }` or null.
create function public.find_idempotent(tenant_id text, key text) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object('request_hash', i.request_hash, 'message', public.message_json(i.message_id))
  from public.idempotency_keys i
  where i.tenant_id = find_idempotent.tenant_id and i.key = find_idempotent.key;
$$;

-- A message event for emit_events: the message plus `from`, `to` and `message`.
create function public.message_event(message_id uuid, type text) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'tenant_id', m.tenant_id, 'type', message_event.type,
    'session_uid', m.session_uid, 'session_id', m.session_id,
    'data', public.message_json(m.id) || case m.direction
      when 'in' then jsonb_build_object(
        'from', coalesce(m.phone_number, m.lid, m.participant, m.chat_id),
        'to', coalesce(s.phone, s.lid), 'message', m.message)
      else jsonb_build_object(
        'from', coalesce(s.phone, s.lid),
        'to', coalesce(m.phone_number, m.lid, m.chat_id), 'message', m.message)
      end)
  from public.messages m
  left join public.whatsapp_sessions s on s.uid = m.session_uid
  where m.id = message_id;
$$;

-- A session event for emit_events: the session plus what only this event tells.
create function public.session_event(session_uid uuid, type text, extra jsonb) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'tenant_id', r.tenant_id, 'type', session_event.type,
    'session_uid', r.uid, 'session_id', r.session_id,
    'data', to_jsonb(r) - 'uid' - 'tenant_id' || extra)
  from public.session_resources r where r.uid = session_uid;
$$;

-- The sessions of `[{ uid, epoch }]` that this connector still owns under that epoch. They
-- stay so until the transaction ends: a claim waits for the share lock.
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

create function public.write_auth(owned uuid[], credentials jsonb, keys jsonb, forget jsonb)
returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if jsonb_array_length(forget) > 0 then
    delete from public.session_credentials c using jsonb_array_elements_text(forget) f
      where c.session_uid = f::uuid and c.session_uid = any (owned);
    delete from public.signal_keys k using jsonb_array_elements_text(forget) f
      where k.session_uid = f::uuid and k.session_uid = any (owned);
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

-- Records the intent of one message before it touches a socket. `outcome` is created,
-- replayed (the idempotency key stands for the message given back) or mismatch (it was used
-- with another request).
create function public.begin_send(send jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  session public.whatsapp_sessions;
  new_id uuid := (send ->> 'id')::uuid;
  known public.idempotency_keys;
begin
  select s.* into strict session
    from public.whatsapp_sessions s where s.uid = (send ->> 'uid')::uuid;

  if send ->> 'idempotency_key' is not null then
    insert into public.idempotency_keys (tenant_id, key, request_hash, message_id)
      values (session.tenant_id, send ->> 'idempotency_key', send ->> 'request_hash', new_id)
      on conflict do nothing;
    select i.* into strict known from public.idempotency_keys i
      where i.tenant_id = session.tenant_id and i.key = send ->> 'idempotency_key';
    if known.request_hash <> send ->> 'request_hash' then
      return jsonb_build_object('id', new_id, 'outcome', 'mismatch');
    elsif known.message_id <> new_id then
      return jsonb_build_object('id', new_id, 'outcome', 'replayed',
        'message', public.message_json(known.message_id));
    end if;
  end if;

  insert into public.messages (
    id, tenant_id, session_uid, session_id, direction, source, chat_id, phone_number, lid, type,
    message, status, wa_message_id, content, created_at)
  values (
    new_id, session.tenant_id, session.uid, session.session_id, 'out', 'api',
    send ->> 'chat_id', send ->> 'phone', send ->> 'lid', send ->> 'type', send ->> 'text',
    'SENDING', send ->> 'wa_message_id', decode(send ->> 'content', 'base64'),
    public.uuid_v7_time(new_id))
  on conflict (id) do nothing;

  return jsonb_build_object('id', new_id, 'outcome', 'created',
    'message', public.message_json(new_id));
end;
$$;

-- Records how a sending ended: SENT, FAILED, or QUEUED to be tried again. Gives the events it makes.
create function public.finish_send(outcome jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  changed_source text;
  message_id uuid := (outcome ->> 'id')::uuid;
  of_session uuid := (outcome ->> 'uid')::uuid;
begin
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
            not_before = clock_timestamp() + (outcome ->> 'retry_in_ms')::bigint * interval '1 ms'
        where m.id = message_id and m.session_uid = of_session
          and m.status in ('QUEUED', 'SENDING') and m.attempts = (outcome ->> 'attempts')::integer
        returning m.source into changed_source;
  end case;

  if changed_source = 'queue' then
    perform public.pace_drips(of_session);
  end if;
  return case when changed_source is null or outcome ->> 'status' = 'QUEUED' then '[]'::jsonb
    else jsonb_build_array(
      public.message_event(message_id, 'message.' || lower(outcome ->> 'status'))) end;
end;
$$;

-- Stores a message that came in, or that the phone itself sent. One that is already there
-- (WhatsApp delivers at least once) makes no event.
create function public.record_arrival(arrival jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  session public.whatsapp_sessions;
  stored uuid;
  incoming boolean := arrival ->> 'direction' = 'in';
begin
  select s.* into strict session
    from public.whatsapp_sessions s where s.uid = (arrival ->> 'uid')::uuid;

  insert into public.messages (
    tenant_id, session_uid, session_id, direction, source, chat_id, phone_number, lid, participant,
    type, message, status, wa_message_id, content, sent_at)
  values (
    session.tenant_id, session.uid, session.session_id, arrival ->> 'direction',
    case when incoming then 'contact' else 'phone' end,
    arrival ->> 'chat_id', arrival ->> 'phone', arrival ->> 'lid', arrival ->> 'participant',
    arrival ->> 'type', arrival ->> 'text',
    case when incoming then 'RECEIVED' else 'SENT' end,
    arrival ->> 'wa_message_id', decode(arrival ->> 'content', 'base64'),
    (arrival ->> 'sent_at')::timestamptz)
  on conflict (session_uid, wa_message_id, direction, chat_id) do nothing
  returning id into stored;

  return case when stored is null then '[]'::jsonb else jsonb_build_array(
    public.message_event(stored, case when incoming then 'message.received' else 'message.sent' end))
  end;
end;
$$;

-- Moves an outgoing message to DELIVERED or READ; never back. A receipt that overtakes the
-- ack also counts as the ack.
create function public.record_receipt(receipt jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  message public.messages;
  was_sent boolean;
  received_at timestamptz := coalesce((receipt ->> 'at')::timestamptz, clock_timestamp());
  new_status text := receipt ->> 'status';
begin
  -- By WhatsApp's id first: in a database that was never analyzed the planner believes any index
  -- of the session to be as good, and reads its whole history.
  with named as materialized (
    select m.id, m.session_uid, m.direction from public.messages m
    where m.wa_message_id = receipt ->> 'wa_message_id'
  )
  select n.id into message.id from named n
    where n.session_uid = (receipt ->> 'uid')::uuid and n.direction = 'out'
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
        -- WhatsApp's receipts tell whole seconds only.
        delivered_at = coalesce(m.delivered_at, greatest(received_at, m.sent_at)),
        read_at = case when new_status = 'READ'
          then greatest(received_at, m.sent_at, m.delivered_at) else m.read_at end,
        error = null
    where m.id = message.id;

  return case when was_sent then '[]'::jsonb
      else jsonb_build_array(public.message_event(message.id, 'message.sent')) end
    || jsonb_build_array(public.message_event(message.id, 'message.' || lower(new_status)));
end;
$$;

-- Changes the columns that the patch names, and gives the event the change makes, if any.
create function public.change_session(change jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  session_uid uuid := (change ->> 'uid')::uuid;
  patched public.whatsapp_sessions;
  patch jsonb := change -> 'patch';
begin
  select (jsonb_populate_record(s, patch)).* into strict patched
    from public.whatsapp_sessions s where s.uid = session_uid;

  update public.whatsapp_sessions s
    set state = patched.state, phone = patched.phone, lid = patched.lid,
        qr = patched.qr, qr_expires_at = patched.qr_expires_at,
        pairing_code = patched.pairing_code,
        pairing_code_expires_at = patched.pairing_code_expires_at,
        connected_at = patched.connected_at, last_disconnect = patched.last_disconnect,
        desired = patched.desired,
        connector_id = case when patched.desired = 'disconnected' and patched.state = 'disconnected'
          then null else s.connector_id end,
        updated_at = now()
    where s.uid = session_uid;

  return case when change ->> 'event' is null then '[]'::jsonb else jsonb_build_array(
    public.session_event(session_uid, change ->> 'event', coalesce(change -> 'event_data', '{}'))) end;
end;
$$;

-- The one write of a connector: everything that gathered since its last one, in one
-- transaction. `writes` is
--   { sessions: [{ uid, epoch }],        every session that anything below belongs to
--     credentials, keys, forget,         see write_auth
--     items: [{ kind, uid, ... }] }      kind is send, dequeue, outcome, arrival, receipt, change
-- Gives `{ stale: [uid], results: [...] }`, a result for each item in the same order: for a
-- send what begin_send gives, for a dequeue what begin_drip gives, for an outcome the message,
-- null otherwise. What belongs to a stale session changed nothing.
create function public.commit_writes(connector_id uuid, writes jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  owned uuid[] := public.fence_sessions(connector_id, writes -> 'sessions');
  item jsonb;
  result jsonb;
  results jsonb := '[]';
  events jsonb := '[]';
begin
  perform public.write_auth(
    owned,
    coalesce(writes -> 'credentials', '[]'),
    coalesce(writes -> 'keys', '[]'),
    coalesce(writes -> 'forget', '[]'));

  for item in select e.value from jsonb_array_elements(coalesce(writes -> 'items', '[]')) e loop
    result := null;
    if (item ->> 'uid')::uuid = any (owned) then
      case item ->> 'kind'
        when 'send' then result := public.begin_send(item);
        when 'dequeue' then
          result := public.begin_drip(item);
          events := events || coalesce(result -> 'events', '[]');
          result := result - 'events';
        when 'outcome' then
          events := events || public.finish_send(item);
          result := public.message_json((item ->> 'id')::uuid);
        when 'arrival' then events := events || public.record_arrival(item);
        when 'receipt' then events := events || public.record_receipt(item);
        when 'change' then events := events || public.change_session(item);
      end case;
    end if;
    results := results || jsonb_build_array(result);
  end loop;

  perform public.emit_events(events);
  return jsonb_build_object(
    'stale', (
      select coalesce(jsonb_agg(c.uid), '[]')
      from jsonb_to_recordset(writes -> 'sessions') as c(uid uuid)
      where c.uid <> all (owned)),
    'results', results);
end;
$$;
