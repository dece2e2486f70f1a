-- The credentials and Signal keys of sessions. The database sees only ciphertext.

-- Returns those of the keys that exist: `[{ id, ciphertext }]`, as one value for the reason given
-- at event_heads.
create function public.load_signal_keys(session_uid uuid, type text, ids text[]) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(found)), '[]')
  from (
    select k.id, encode(k.ciphertext, 'base64') as ciphertext
    from public.signal_keys k
    where k.session_uid = load_signal_keys.session_uid
      and k.type = load_signal_keys.type
      and k.id = any (ids)
  ) found;
$$;

-- Writes credentials `[{ uid, ciphertext }]` and keys `[{ uid, type, id, ciphertext }]`; a key
-- whose ciphertext is null is deleted. Before that, everything of the sessions in `clear_auth`
-- (uids) is deleted. Only the `owned` sessions are touched.
create function public.write_auth(owned uuid[], credentials jsonb, keys jsonb, clear_auth jsonb)
returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if jsonb_array_length(clear_auth) > 0 then
    delete from public.session_credentials c using jsonb_array_elements_text(clear_auth) cleared
      where c.session_uid = cleared::uuid and c.session_uid = any (owned);
    delete from public.signal_keys k using jsonb_array_elements_text(clear_auth) cleared
      where k.session_uid = cleared::uuid and k.session_uid = any (owned);
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

-- One step of encrypting everything under another key: looks at `max_rows` credentials, or keys
-- (`kind`), after `after` ({ uid, type, id }; null begins). Returns
--   { rows: [{ uid, type, id, ciphertext }], last: { uid, type, id } | null, seen }
-- `rows` are those whose first bytes are not `current_prefix` (hex); `last` is where the next step
-- begins, null at the end.
create function public.stale_auth(
  kind text, current_prefix text, after jsonb, max_rows integer
) returns jsonb
language plpgsql stable set search_path = '' set enable_seqscan = off
as $$
declare
  prefix bytea := decode(current_prefix, 'hex');
  after_uid uuid := coalesce((after ->> 'uid')::uuid, '00000000-0000-0000-0000-000000000000');
  page jsonb;
begin
  if kind = 'credentials' then
    select jsonb_build_object(
        'seen', count(*),
        'last', case when count(*) = max_rows then
          (jsonb_agg(jsonb_build_object('uid', p.session_uid) order by p.session_uid)) -> -1 end,
        'rows', coalesce(jsonb_agg(jsonb_build_object(
            'uid', p.session_uid, 'type', 'credentials', 'id', '',
            'ciphertext', encode(p.ciphertext, 'base64')) order by p.session_uid)
          filter (where substring(p.ciphertext for length(prefix)) <> prefix), '[]'))
      into page
    from (
      select c.session_uid, c.ciphertext from public.session_credentials c
      where c.session_uid > after_uid
      order by c.session_uid limit max_rows
    ) p;
  else
    select jsonb_build_object(
        'seen', count(*),
        'last', case when count(*) = max_rows then
          (jsonb_agg(jsonb_build_object('uid', p.session_uid, 'type', p.type, 'id', p.id)
            order by p.session_uid, p.type, p.id)) -> -1 end,
        'rows', coalesce(jsonb_agg(jsonb_build_object(
            'uid', p.session_uid, 'type', p.type, 'id', p.id,
            'ciphertext', encode(p.ciphertext, 'base64')) order by p.session_uid, p.type, p.id)
          filter (where substring(p.ciphertext for length(prefix)) <> prefix), '[]'))
      into page
    from (
      select k.session_uid, k.type, k.id, k.ciphertext from public.signal_keys k
      where (k.session_uid, k.type, k.id)
        > (after_uid, coalesce(after ->> 'type', ''), coalesce(after ->> 'id', ''))
      order by k.session_uid, k.type, k.id limit max_rows
    ) p;
  end if;
  return page;
end;
$$;

-- Replaces ciphertexts, `{ kind, rows: [{ uid, type, id, ciphertext, sealed }] }`, except those that
-- their connector has changed meanwhile. Returns how many were replaced.
create function public.reseal_auth(sealed jsonb) returns integer
language plpgsql volatile set search_path = ''
as $$
declare
  replaced integer;
begin
  if sealed ->> 'kind' = 'credentials' then
    update public.session_credentials c set ciphertext = decode(r.sealed, 'base64')
      from jsonb_to_recordset(sealed -> 'rows') as r(uid uuid, ciphertext text, sealed text)
      where c.session_uid = r.uid and c.ciphertext = decode(r.ciphertext, 'base64');
  else
    update public.signal_keys k set ciphertext = decode(r.sealed, 'base64')
      from jsonb_to_recordset(sealed -> 'rows')
        as r(uid uuid, type text, id text, ciphertext text, sealed text)
      where k.session_uid = r.uid and k.type = r.type and k.id = r.id
        and k.ciphertext = decode(r.ciphertext, 'base64');
  end if;
  get diagnostics replaced = row_count;
  return replaced;
end;
$$;
