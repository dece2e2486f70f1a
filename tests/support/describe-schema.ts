import type { Pool } from "pg";

/** Each query lists one kind of database object as text, and everything that defines it. */
const queries = [
  // Relations, with their options and privileges.
  `select format('relation %s kind %s security %s options %s acl %s', c.oid::regclass, c.relkind,
     c.relrowsecurity, c.reloptions, (select array_agg(a::text order by a::text) from unnest(c.relacl) a))
   from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S')`,
  `select format('column %s.%s %s %s not null %s default %s acl %s', a.attrelid::regclass, a.attnum,
     a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
     pg_get_expr(d.adbin, d.adrelid), a.attacl)
   from pg_attribute a join pg_class c on c.oid = a.attrelid
     left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
   where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
     and a.attnum > 0 and not a.attisdropped`,
  `select format('constraint %s %s: %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
   from pg_constraint where connamespace = 'public'::regnamespace`,
  "select 'index ' || indexdef from pg_indexes where schemaname = 'public'",
  `select format('view %s: %s', oid::regclass, pg_get_viewdef(oid))
   from pg_class where relnamespace = 'public'::regnamespace and relkind in ('v', 'm')`,
  `select format('function %s acl %s', pg_get_functiondef(oid),
     (select array_agg(a::text order by a::text) from unnest(proacl) a))
   from pg_proc where pronamespace = 'public'::regnamespace and prokind = 'f'`,
  `select format('trigger %s', pg_get_triggerdef(oid)) from pg_trigger where not tgisinternal`,
  `select format('policy %s', to_jsonb(p)) from pg_policies p`,
  `select format('publication %s', to_jsonb(p)) from pg_publication_tables p`,
  `select format('default privileges %s %s %s', defaclrole::regrole, defaclobjtype,
     (select array_agg(a::text order by a::text) from unnest(defaclacl) a)) from pg_default_acl`,
  `select format('comment %s: %s', pg_describe_object(classoid, objoid, objsubid), description)
   from pg_description where pg_describe_object(classoid, objoid, objsubid) like '%public%'`,
  `select format('bucket %s', to_jsonb(b) - 'created_at' - 'updated_at') from storage.buckets b`,
  `select format('migration %s %s', version, name) from supabase_migrations.schema_migrations`,
];

/** Lists the objects of the schema public and everything else that migrations define, sorted. */
export async function describeSchema(pool: Pool): Promise<string[]> {
  const lines: string[] = [];
  for (const text of queries) {
    const { rows } = await pool.query<[string]>({ text, rowMode: "array" });
    lines.push(...rows.map(([line]) => line));
  }
  return lines.toSorted();
}
