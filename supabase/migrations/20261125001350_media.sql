-- Files of messages: the bucket, the downloads under way, events that wait for a file, and files to
-- remove. The file of a message is the object `<tenant_id>/<session_id>/<file>` of the bucket.

-- Private: the control plane serves the files to their tenant alone.
insert into storage.buckets (id, name, public, file_size_limit)
  values ('whatsapp-media', 'whatsapp-media', false, 2147483648)
  on conflict (id) do nothing;

create table public.media_downloads (
  message_id uuid primary key references public.messages on delete cascade,
  session_uid uuid not null references public.whatsapp_sessions on delete cascade,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default now()
);
create index media_downloads_by_session on public.media_downloads (session_uid, next_attempt_at);
comment on table public.media_downloads is
  'Received files that are not stored yet. The connector that stores the file, or gives it up, removes the row; it goes with its message or session.';

-- The event of a message with a small file waits some seconds for the file, and the events of later
-- messages of the chat wait with it, so that they keep their order.
create table public.held_events (
  message_id uuid primary key references public.messages on delete cascade,
  session_uid uuid not null references public.whatsapp_sessions on delete cascade,
  chat_id text not null,
  type text not null,
  waits_for_media boolean not null
);
create index held_events_by_chat on public.held_events (session_uid, chat_id, message_id);
comment on table public.held_events is
  'Events of stored messages that are emitted when a file is there or its time is up. Whoever emits them removes the rows; they go with their message or session.';

create table public.media_removals (
  path text primary key,
  remove_after timestamptz not null default now()
);
create index media_removals_by_time on public.media_removals (remove_after);
comment on table public.media_removals is
  'Files that belong to no message any more, or not yet. A connector removes the row after the file.';

-- Returns the object of a message's file; null when the message has none.
create function public.media_path(tenant_id text, media jsonb) returns text
language sql immutable set search_path = ''
as $$
  select tenant_id || substr(media ->> 'url', length('/files') + 1);
$$;

-- Called before a file is stored for a message that is still to be sent: if the message never comes,
-- the file is removed.
create function public.expect_media(path text) returns void
language sql volatile set search_path = ''
as $$
  insert into public.media_removals (path, remove_after) values (path, now() + interval '1 day')
    on conflict (path) do update set remove_after = excluded.remove_after;
$$;

-- Returns up to `max_files` paths whose files are to be removed, oldest first, as a JSON array.
create function public.media_to_remove(max_files integer) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(due.path), '[]')
  from (
    select r.path from public.media_removals r
    where r.remove_after <= now() order by r.remove_after limit max_files
  ) due;
$$;

create function public.media_removed(paths text[]) returns void
language sql volatile set search_path = ''
as $$
  delete from public.media_removals r where r.path = any (paths) and r.remove_after <= now();
$$;

create function public.messages_after_delete() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.media_removals (path)
    select public.media_path(d.tenant_id, d.media) from deleted d where d.media ->> 'url' is not null
    on conflict (path) do nothing;
  return null;
end;
$$;

create trigger messages_after_delete after delete on public.messages
  referencing old table as deleted
  for each statement execute function public.messages_after_delete();

-- Removes the row from the queue of events, and those after it in the chat that waited for it alone.
-- Returns the events to emit.
create function public.release_held_events(of_session uuid, of_chat text) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  first_waiting uuid := (
    select h.message_id from public.held_events h
    where h.session_uid = of_session and h.chat_id = of_chat and h.waits_for_media
    order by h.message_id limit 1);
  events jsonb;
begin
  with released as (
    delete from public.held_events h
      where h.session_uid = of_session and h.chat_id = of_chat
        and (first_waiting is null or h.message_id < first_waiting)
      returning h.message_id, h.type
  )
  select coalesce(jsonb_agg(public.message_event(r.message_id, r.type) order by r.message_id), '[]')
    into events from released r;
  return events;
end;
$$;

-- Returns the events to emit for a message that was just stored: its own, unless its file or that of
-- an earlier message of the chat is waited for.
create function public.hold_or_emit(stored_id uuid, event_type text, waits_for_media boolean)
returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  stored public.messages;
begin
  select m.* into strict stored from public.messages m where m.id = stored_id;
  if not waits_for_media and not exists (
    select from public.held_events h
    where h.session_uid = stored.session_uid and h.chat_id = stored.chat_id)
  then
    return jsonb_build_array(public.message_event(stored_id, event_type));
  end if;
  insert into public.held_events (message_id, session_uid, chat_id, type, waits_for_media)
    values (stored_id, stored.session_uid, stored.chat_id, event_type, waits_for_media);
  return '[]';
end;
$$;

-- Stores what became of a received file: `media` with status `stored` or `failed`, or another attempt
-- in `retry_in_ms`. With neither the event stops waiting for the file. Returns the events to emit: the
-- one that waited, or message.media when it had gone out before.
create function public.record_media(item jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  changed public.messages;
  is_final boolean := item -> 'media' is not null;
  was_waiting boolean;
begin
  update public.messages m
    set media = coalesce(item -> 'media', m.media),
        content = coalesce(decode(item ->> 'content', 'base64'), m.content)
    where m.id = (item ->> 'id')::uuid and m.session_uid = (item ->> 'uid')::uuid
    returning m.* into changed;
  if changed.id is null then
    return '[]';
  end if;

  if is_final then
    delete from public.media_downloads d where d.message_id = changed.id;
    delete from public.media_removals r
      where r.path = public.media_path(changed.tenant_id, changed.media);
  elsif item -> 'retry_in_ms' is not null then
    update public.media_downloads d
      set attempts = d.attempts + 1,
          next_attempt_at = now() + (item ->> 'retry_in_ms')::bigint * interval '1 ms'
      where d.message_id = changed.id;
    return '[]'; -- The event goes on waiting until its time is up.
  end if;

  update public.held_events h set waits_for_media = false
    where h.message_id = changed.id and h.waits_for_media;
  was_waiting := found;
  if was_waiting then
    return public.release_held_events(changed.session_uid, changed.chat_id);
  end if;
  -- A held event that no longer waits for its own file will show the file when it is emitted.
  return case when is_final and not exists (
      select from public.held_events h where h.message_id = changed.id)
    then jsonb_build_array(public.message_event(changed.id, 'message.media')) else '[]'::jsonb end;
end;
$$;

-- Emits the events of messages that were stored more than `min_age_seconds` ago and still wait for a
-- file, such as those of a session that no connector holds. Returns what emit_events returns.
create function public.release_overdue_events(min_age_seconds integer, max_chats integer) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  chat record;
  events jsonb := '[]';
begin
  for chat in
    select h.session_uid, h.chat_id
    from public.held_events h
    where h.message_id < public.uuid_v7_floor(now() - min_age_seconds * interval '1 second')
    group by 1, 2 order by 1, 2 limit max_chats
  loop
    -- commit_writes locks the session as well, so no message is added to the chat meanwhile.
    perform from public.whatsapp_sessions s where s.uid = chat.session_uid for update;
    update public.held_events h set waits_for_media = false
      where h.session_uid = chat.session_uid and h.chat_id = chat.chat_id
        and h.message_id < public.uuid_v7_floor(now() - min_age_seconds * interval '1 second');
    events := events || public.release_held_events(chat.session_uid, chat.chat_id);
  end loop;
  return public.emit_events(events, notify => false);
end;
$$;

-- Stores the content of an outgoing message whose file was uploaded to WhatsApp.
create function public.record_upload(item jsonb) returns void
language sql volatile set search_path = ''
as $$
  update public.messages m set content = decode(item ->> 'content', 'base64')
    where m.id = (item ->> 'id')::uuid and m.session_uid = (item ->> 'uid')::uuid
      and m.status = 'SENDING';
$$;

-- Returns the files that a session has still to download, those first that are due first:
-- `[{ id, wa_message_id, chat_id, participant, direction, content, media, attempts, due_in_ms, is_held }]`.
create function public.load_media_downloads(session_uid uuid, max_files integer) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(pending) order by pending.due_in_ms, pending.id), '[]')
  from (
    select m.id, m.wa_message_id, m.chat_id, m.participant, m.direction, m.media,
           encode(m.content, 'base64') as content, d.attempts,
           greatest(0, ceil(extract(epoch from d.next_attempt_at - now()) * 1000))::bigint as due_in_ms,
           coalesce(h.waits_for_media, false) as is_held
    from public.media_downloads d
    join public.messages m on m.id = d.message_id
    left join public.held_events h on h.message_id = d.message_id
    where d.session_uid = load_media_downloads.session_uid
    order by d.next_attempt_at limit max_files
  ) pending;
$$;
