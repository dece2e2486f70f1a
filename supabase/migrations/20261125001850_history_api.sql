-- Pages of the message history, for the control plane.

-- Returns a page of a tenant's messages, or of one of its sessions, in id order:
--   { data: [message], next: id | null }
-- `next` is the `after_id` of the next page; null on the last one. `from_id` is included, `before_id`
-- is not. With `session_ids` it is a page of these sessions, as far as they exist. For the statuses SENT, DELIVERED and READ, which no index has, one call reads a bounded
-- number of rows: its page may hold fewer messages than `page_limit` although `next` is not null.
create function public.message_page(
  tenant_id text, session_uid uuid, chat_id text, status text, direction text,
  from_id uuid, before_id uuid, after_id uuid, ascending boolean,
  page_limit integer, page_offset integer, session_ids text[] default null
) returns json
language plpgsql stable set search_path = ''
as $$
declare
  max_scanned constant integer := 5000;
  is_rare boolean := coalesce(status in ('QUEUED', 'SENDING', 'FAILED'), false);
  is_unindexed boolean := coalesce(status in ('SENT', 'DELIVERED', 'READ'), false);
  -- Incoming messages are RECEIVED, outgoing ones never are.
  directions text[] := case
    when is_rare then array[null]
    when status = 'RECEIVED' then array['in']
    when is_unindexed then array['out']
    when direction is not null then array[direction]
    else array['in', 'out'] end;
  wanted integer := page_offset + page_limit + 1;
  scanned integer := case when is_unindexed then max_scanned else wanted end;
  ordering text := case when ascending then 'asc' else 'desc' end;
  -- A branch for each session, so that a session without messages costs nothing.
  sessions uuid[] := case
    when session_uid is not null then array[session_uid]
    when session_ids is not null then array(
      select s.uid from public.whatsapp_sessions s
      where s.tenant_id = message_page.tenant_id and s.session_id = any (message_page.session_ids))
    else array[null::uuid] end;
  conditions text := 'm.tenant_id = $1'
    || case when chat_id is null then '' else ' and m.chat_id = $3' end
    || case when is_rare then ' and m.rare_status = $4' else '' end
    || case when from_id is null then '' else ' and m.id >= $5' end
    || case when before_id is null then '' else ' and m.id < $6' end
    || case when after_id is null then ''
         when ascending then ' and m.id > $7' else ' and m.id < $7' end;
  -- Each branch is a range of one index, read in its order and only as far as needed.
  candidates text := (
    select string_agg(
      format('(select m.id, m.status from public.messages m where %s%s%s order by m.id %s limit %s)',
        conditions,
        case when s is null then '' else format(' and m.session_uid = %L', s) end,
        case when d is null then '' else format(' and m.direction = %L', d) end, ordering, scanned),
      ' union all ')
    from unnest(directions) d cross join unnest(sessions) s);
  ids uuid[];
  page uuid[];
  next_id uuid;
begin
  if cardinality(sessions) = 0 then
    return json_build_object('data', json_build_array(), 'next', null);
  end if;
  execute format(
      'select array(select c.id from (%s) c%s order by c.id %s limit %s)',
      candidates, case when is_unindexed then ' where c.status = $4' else '' end, ordering, wanted)
    into ids
    using tenant_id, session_uid, chat_id, status, from_id, before_id, after_id;

  page := ids[page_offset + 1 : page_offset + page_limit];
  if cardinality(ids) = wanted then
    next_id := page[page_limit];
  elsif is_unindexed then
    execute format('select c.id from (%s) c order by c.id %s offset %s limit 1',
        candidates, ordering, max_scanned - 1)
      into next_id
      using tenant_id, session_uid, chat_id, status, from_id, before_id, after_id;
  end if;

  return json_build_object(
    'data', (
      select coalesce(json_agg(row_to_json(r) order by p.position), '[]')
      from unnest(page) with ordinality p(id, position)
      cross join lateral (
        select v.id, v.session_id, v.direction, v.source, v.chat_id, v.phone, v.lid, v.participant,
               v.type, v.text, v."from", v."to", v.message, v.media, v.status, v.wa_message_id, v.error, v.created_at, v.sent_at,
               v.delivered_at, v.read_at
        from public.message_resources v where v.id = p.id
      ) r),
    'next', next_id);
end;
$$;
