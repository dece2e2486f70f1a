-- Notifies the REST server of schema changes, because it caches the schema.
create or replace function extensions.pgrst_schema_changed() returns event_trigger language plpgsql as $$
begin
  if tg_event = 'sql_drop' or exists (
    select from pg_event_trigger_ddl_commands() where schema_name is distinct from 'pg_temp'
  ) then
    notify pgrst, 'reload schema';
  end if;
end
$$;

do $$
begin
  if not exists (select from pg_event_trigger where evtname = 'pgrst_ddl_watch') then
    create event trigger pgrst_ddl_watch on ddl_command_end
      execute function extensions.pgrst_schema_changed();
  end if;
  if not exists (select from pg_event_trigger where evtname = 'pgrst_drop_watch') then
    create event trigger pgrst_drop_watch on sql_drop
      execute function extensions.pgrst_schema_changed();
  end if;
end
$$;

-- Raise an error inside the statement if it affects too many or too few rows, so that it is rolled
-- back.
create or replace function extensions.pgrst_require_one_row(rows bigint) returns bigint
language plpgsql immutable as $$
begin
  if rows <> 1 then
    raise exception 'Cannot coerce the result to a single JSON object'
      using errcode = 'PG116', detail = format('The result contains %s rows', rows);
  end if;
  return rows;
end
$$;

create or replace function extensions.pgrst_limit_rows(rows bigint, max bigint) returns bigint
language plpgsql immutable as $$
begin
  if rows > max then
    raise exception 'Query result exceeds max-affected preference constraint'
      using errcode = 'PG124', detail = format('The query affects %s rows', rows);
  end if;
  return rows;
end
$$;
