import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Client, DatabaseError } from "pg";
import { CannotStart } from "../cannot-start.ts";

const migrationLock = 7_203_612;

type Migration = { script: string; file: string; version: string; name: string };

/**
 * Applies the pending migrations of a folder in name order, and records them in the table that the
 * Supabase CLI uses. Returns the names of the files it applied.
 * @throws CannotStart if an applied migration was changed since
 * @throws with the file and line of the error; that migration is rolled back
 */
export async function applyMigrations(databaseUrl: string, directory: string): Promise<string[]> {
  const files = (await readdir(directory)).filter((name) => name.endsWith(".sql")).toSorted();
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const applied: string[] = [];
  try {
    await client.query("select pg_advisory_lock($1)", [migrationLock]);
    await createHistoryTable(client);
    const history = await client.query<{ version: string; statements: string[] }>(
      "select version, statements from supabase_migrations.schema_migrations",
    );
    const scripts = new Map(history.rows.map((row) => [row.version, row.statements]));
    for (const file of files) {
      const [, version, name] = /^(\d+)_(.*)\.sql$/.exec(file) ?? [];
      if (version === undefined || name === undefined) continue;
      const script = await readFile(join(directory, file), "utf8");
      const earlier = scripts.get(version);
      if (earlier === undefined) {
        await applyOne(client, { script, file, version, name });
        applied.push(file);
      } else if (earlier.length === 1 && earlier[0] !== script) {
        // Supabase's CLI stores the statements one by one; only what this runner stored is compared.
        throw new CannotStart(
          `The database was created by a version of this product whose migration ${file} was different, and cannot be converted. Use the version that created it, or other data: npm start -- --data DIR`,
        );
      }
    }
  } finally {
    await client.end();
  }
  return applied;
}

async function createHistoryTable(client: Client): Promise<void> {
  await client.query("set client_min_messages = warning");
  await client.query("create schema if not exists supabase_migrations");
  await client.query(
    `create table if not exists supabase_migrations.schema_migrations
       (version text primary key, statements text[], name text)`,
  );
}

async function applyOne(client: Client, migration: Migration): Promise<void> {
  const { script } = migration;
  await client.query("begin");
  try {
    // Without parameters this is the simple query protocol, which takes a whole script.
    await client.query(script).catch((cause: unknown) => {
      throw locateError(cause, { script, file: migration.file });
    });
    await client.query(
      "insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3)",
      [migration.version, migration.name, [script]],
    );
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}

/** Adds the file and, if PostgreSQL reports a position, the line. */
function locateError(cause: unknown, { script, file }: { script: string; file: string }): Error {
  const { position, where } = cause instanceof DatabaseError ? cause : {};
  // PostgreSQL counts characters, where JavaScript's strings count UTF-16 code units.
  const before = position === undefined ? [] : Array.from(script).slice(0, Number(position) - 1);
  const line =
    position === undefined ? "" : `:${before.filter((char) => char === "\n").length + 1}`;
  const message = cause instanceof Error ? cause.message : String(cause);
  const context = where === undefined ? "" : ` (${where})`;
  return new Error(`Migration ${file}${line}: ${message}${context}`, { cause });
}
