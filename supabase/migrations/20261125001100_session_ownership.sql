-- Which connector owns which session. Every change of owner increments the epoch; every write of a
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
