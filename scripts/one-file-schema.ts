import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const header = `-- The whole schema in one file, for the SQL editor of a Supabase project. Generated from
-- supabase/migrations by \`npm run gen:schema\`; change the migrations, not this file.
--
-- Safe to repeat: each migration is applied once and recorded in the table that the Supabase CLI
-- uses, so a newer version of this file, or \`supabase db push\`, continues where the last run ended.
-- Everything is applied, or nothing.

BEGIN;

CREATE SCHEMA IF NOT EXISTS supabase_migrations;
CREATE TABLE IF NOT EXISTS supabase_migrations.schema_migrations
  (version text PRIMARY KEY, statements text[], name text);
LOCK TABLE supabase_migrations.schema_migrations IN EXCLUSIVE MODE;
`;

/** The migrations of a folder as one script that applies those which are not recorded yet. */
export async function oneFileSchema(migrationsDir: string): Promise<string> {
  const files = (await readdir(migrationsDir)).filter((name) => name.endsWith(".sql")).toSorted();
  const parts = [header];
  for (const file of files) {
    const [, version, name] = /^(\d+)_(\w+)\.sql$/.exec(file) ?? [];
    if (version === undefined || name === undefined) {
      throw new Error(`${file} is not named <version>_<name>.sql: rename it.`);
    }
    parts.push(
      applyOnce({ version, name, script: await readFile(join(migrationsDir, file), "utf8") }),
    );
  }
  return [...parts, "COMMIT;\n"].join("\n");
}

/** A block that executes the script as a string, which is how SQL makes a script conditional. */
function applyOnce({ version, name, script }: { version: string; name: string; script: string }) {
  const tag = `$migration_${version}$`;
  if (script.includes(tag) || script.includes("$apply$")) {
    throw new Error(`Migration ${version} contains ${tag} or $apply$: use another dollar quote.`);
  }
  return `-- ${version}_${name}
DO $apply$
DECLARE
  migration CONSTANT text := ${tag}${script}${tag};
BEGIN
  IF EXISTS (SELECT FROM supabase_migrations.schema_migrations WHERE version = '${version}') THEN
    RETURN;
  END IF;
  EXECUTE migration;
  INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
    VALUES ('${version}', '${name}', ARRAY[migration]);
END;
$apply$;
`;
}
