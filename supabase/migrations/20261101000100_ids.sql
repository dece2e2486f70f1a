-- Identifiers that sort by time: keyset pagination needs no second column, and a
-- tenant learns nothing of another's volume from them.

-- The version 7 UUID made of a moment and the random bits of another UUID.
create function public.uuid_v7_at(moment timestamptz, randomness uuid) returns uuid
language sql immutable parallel safe set search_path = ''
as $$
  select encode(
    set_byte(
      overlay(
        uuid_send(randomness)
        placing substring(int8send(floor(extract(epoch from moment) * 1000)::bigint) from 3)
        from 1 for 6
      ),
      6,
      (get_byte(uuid_send(randomness), 6) & 15) | 112
    ),
    'hex'
  )::uuid;
$$;

-- A version 7 UUID (RFC 9562) for the current moment. Hosted projects run a
-- PostgreSQL that has no uuidv7() of its own yet.
create function public.uuid_v7() returns uuid
language sql volatile parallel safe set search_path = ''
as $$
  select public.uuid_v7_at(clock_timestamp(), gen_random_uuid());
$$;

-- The smallest id that a row of this moment can have: turns a time filter into an id filter.
create function public.uuid_v7_floor(moment timestamptz) returns uuid
language sql immutable parallel safe set search_path = ''
as $$
  select public.uuid_v7_at(moment, '00000000-0000-0000-8000-000000000000');
$$;

-- The moment inside a version 7 UUID, to the millisecond.
create function public.uuid_v7_time(id uuid) returns timestamptz
language sql immutable parallel safe set search_path = ''
as $$
  select to_timestamp(
    ('x0000' || substring(replace(id::text, '-', '') for 12))::bit(64)::bigint / 1000.0
  );
$$;
