-- Writing events: what an event of a message or a session contains, and the one function that
-- stores events.

create function public.message_json(message_id uuid) returns jsonb
language sql stable set search_path = ''
as $$
  select to_jsonb(r) - 'session_uid' - 'tenant_id'
  from public.message_resources r where r.id = message_id;
$$;

-- Returns a message event for emit_events. Its data is the message.
-- `previous_status` is the status before the change, for count_messages.
create function public.message_event(
  message_id uuid, type text, previous_status text default null
) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'tenant_id', r.tenant_id, 'type', message_event.type,
    'previous_status', message_event.previous_status,
    'session_uid', r.session_uid, 'session_id', r.session_id,
    'data', to_jsonb(r) - 'session_uid' - 'tenant_id')
  from public.message_resources r where r.id = message_id;
$$;

-- Returns a session event for emit_events. Its data is the session plus `extra`.
create function public.session_event(session_uid uuid, type text, extra jsonb) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'tenant_id', r.tenant_id, 'type', session_event.type,
    'session_uid', r.uid, 'session_id', r.session_id,
    'data', to_jsonb(r) - 'uid' - 'tenant_id' || extra)
  from public.session_resources r where r.uid = session_uid;
$$;

-- Writes events `[{ tenant_id, type, session_uid, session_id, data, previous_status }]` in their order. Call it
-- last in a transaction: it locks the counters of the tenants until the commit. Returns what the
-- hubs have to know, `[{ topic, tenant_id, seq, endpoints }]`. With `notify` it tells them itself;
-- a caller that passes false does it after the commit, which costs the database nothing.
create function public.emit_events(new_events jsonb, notify boolean default true) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  tenant record;
  notifications jsonb := '[]';
begin
  if jsonb_array_length(new_events) = 0 then
    return notifications;
  end if;

  for tenant in
    select e.value ->> 'tenant_id' as tenant_id, count(*) as event_count
    from jsonb_array_elements(new_events) e
    group by 1 order by 1 -- every writer locks in the same order, so that none deadlock
  loop
    declare
      to_seq bigint;
      endpoints uuid[];
    begin
      update public.event_counters c set last_seq = c.last_seq + tenant.event_count
        where c.tenant_id = tenant.tenant_id
        returning c.last_seq into strict to_seq;

      insert into public.events (tenant_id, seq, type, session_uid, session_id, data)
      select tenant.tenant_id,
             to_seq - tenant.event_count + row_number() over (order by e.ordinality),
             e.value ->> 'type',
             (e.value ->> 'session_uid')::uuid,
             e.value ->> 'session_id',
             e.value -> 'data'
      from jsonb_array_elements(new_events) with ordinality e
      where e.value ->> 'tenant_id' = tenant.tenant_id;

      -- After the lock of event_counters, which every writer of the tenant takes first: the
      -- counters need no order of their own.
      perform public.count_messages(tenant.tenant_id, new_events);

      -- The hub passes the notification on to these endpoints; each reads the events from its own
      -- cursor.
      endpoints := array(
        select w.id from public.webhook_endpoints w
        where w.tenant_id = tenant.tenant_id and w.enabled);
      notifications := notifications || jsonb_build_array(jsonb_build_object(
        'topic', public.hub_topic(tenant.tenant_id), 'tenant_id', tenant.tenant_id, 'seq', to_seq,
        'endpoints', endpoints));
      if notify then
        perform public.notify_hub(tenant.tenant_id, to_seq, endpoints);
      end if;
      perform public.publish_events(tenant.tenant_id, to_seq - tenant.event_count + 1, to_seq);
    end;
  end loop;
  return notifications;
end;
$$;
