-- The REST server caches the schema: tell it when the schema changes.
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
