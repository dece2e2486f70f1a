-- Identifiers that sort by time: keyset pagination needs no second column, and a
-- tenant learns nothing of another's volume from them.

-- The version 7 UUID made of a moment and the random bits of another UUID. The 12 bits after
-- the milliseconds hold their fraction (RFC 9562, section 6.2, method 3), so that ids made one
-- after the other sort in that order.
create function public.uuid_v7_at(moment timestamptz, randomness uuid) returns uuid
language sql immutable parallel safe set search_path = ''
as $$
  select encode(
    overlay(
      uuid_send(randomness)
      placing
        substring(int8send(micros / 1000) from 3)
        || substring(int4send((7 << 12) | ((micros % 1000) * 4096 / 1000)::integer) from 3)
      from 1 for 8
    ),
    'hex'
  )::uuid
  from (select floor(extract(epoch from moment) * 1000000)::bigint as micros) m;
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
