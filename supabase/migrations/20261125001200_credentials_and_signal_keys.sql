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
