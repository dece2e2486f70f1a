-- Sessions are spread evenly: the fullest connectors hand some over to one that joined.

-- Returns `{ connector_id, sessions }`: how many sessions this connector has more than its share, and
-- who has fewer than that; null when there is nothing to do. Where shares differ by one session
-- nothing moves, so that no session goes back and forth.
create function public.plan_hand_over(connector_id uuid) returns jsonb
language sql stable set search_path = ''
as $$
  with live as materialized (
    select c.id, c.capacity
    from public.connectors c, public.connectors me
    where me.id = plan_hand_over.connector_id and c.networks @> me.networks
      and c.lease_expires_at > now() and not c.draining
  ),
  counted as materialized (
    select l.id, l.capacity,
           (select count(*) from public.whatsapp_sessions s where s.connector_id = l.id)
           + (select count(*) from public.whatsapp_sessions s
              where s.handed_to = l.id and s.handed_until > now()) as sessions
    from live l
  ),
  share as (
    select ceil(avg(c.sessions)) as most from counted c
  ),
  target as (
    select c.id, c.sessions, least(share.most, c.capacity) - c.sessions as room
    from counted c, share
    where c.id <> plan_hand_over.connector_id
    order by c.sessions, c.id
    limit 1
  )
  select jsonb_build_object(
    'connector_id', target.id,
    'sessions', greatest(1, least(me.sessions - share.most, target.room)))
  from counted me, share, target
  where me.id = plan_hand_over.connector_id and target.room > 0
    and (me.sessions > share.most
      -- One of the fullest, which have their share, still has two more than the target.
      or me.sessions - target.sessions >= 2 and me.id = (
        select c.id from counted c order by c.sessions desc, c.id limit 1));
$$;

-- Gives a session, whose socket is closed, to another connector. If that one does not claim it within
-- seconds, any may. Returns false when the session was not the caller's any more.
create function public.hand_over_session(
  connector_id uuid, session_uid uuid, epoch bigint, to_connector uuid
) returns boolean
language plpgsql volatile set search_path = ''
as $$
begin
  update public.whatsapp_sessions s
    set connector_id = null, epoch = s.epoch + 1, updated_at = now(),
        handed_to = hand_over_session.to_connector, handed_until = now() + interval '5 s'
    where s.uid = hand_over_session.session_uid and s.epoch = hand_over_session.epoch
      and s.connector_id = hand_over_session.connector_id;
  if not found then
    return false;
  end if;
  perform public.notify_connectors(session_uid);
  return true;
end;
$$;
