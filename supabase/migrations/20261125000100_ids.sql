-- Identifiers that sort by time: keyset pagination needs no second column, and an id does not
-- reveal how many rows other tenants have.

-- Returns the version 7 UUID of a moment, with the random bits of another UUID. The 12 bits after
-- the milliseconds hold the fraction of the millisecond (RFC 9562, section 6.2, method 3), so that
-- ids made in sequence sort in that sequence.
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

-- Returns a version 7 UUID (RFC 9562) of the current moment. PostgreSQL has uuidv7() from version
-- 18 on; hosted projects run version 17.
create function public.uuid_v7() returns uuid
language sql volatile parallel safe set search_path = ''
as $$
  select public.uuid_v7_at(clock_timestamp(), gen_random_uuid());
$$;

-- Returns the smallest id that a row of this moment can have. It turns a filter by time into a
-- filter by id.
create function public.uuid_v7_floor(moment timestamptz) returns uuid
language sql immutable parallel safe set search_path = ''
as $$
  select public.uuid_v7_at(moment, '00000000-0000-0000-8000-000000000000');
$$;

-- Returns the moment inside a version 7 UUID, to the millisecond.
create function public.uuid_v7_time(id uuid) returns timestamptz
language sql immutable parallel safe set search_path = ''
as $$
  select to_timestamp(
    ('x0000' || substring(replace(id::text, '-', '') for 12))::bit(64)::bigint / 1000.0
  );
$$;
