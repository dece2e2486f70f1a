import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Client, DatabaseError } from "pg";
import { splitStatements, type Statement } from "./split-statements.ts";

const migrationLock = 7_203_612;

/**
 * Applies the migrations of a folder that the database has not seen, in name order, and records
 * them where the supabase CLI does. Returns the names of those applied now.
 * @throws with file and line of the statement that failed; what it had done is rolled back.
 */
export async function applyMigrations(databaseUrl: string, directory: string): Promise<string[]> {
  const files = (await readdir(directory)).filter((name) => name.endsWith(".sql")).toSorted();
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const applied: string[] = [];
  try {
    await client.query("select pg_advisory_lock($1)", [migrationLock]);
    await createRecord(client);
    const known = await client.query<{ version: string }>(
      "select version from supabase_migrations.schema_migrations",
    );
    const versions = new Set(known.rows.map((row) => row.version));
    for (const file of files) {
      const [, version, name] = /^(\d+)_(.*)\.sql$/.exec(file) ?? [];
      if (version === undefined || name === undefined || versions.has(version)) continue;
      await applyOne(client, { path: join(directory, file), file, version, name });
      applied.push(file);
    }
  } finally {
    await client.end();
  }
  return applied;
}

async function createRecord(client: Client): Promise<void> {
  await client.query("set client_min_messages = warning");
  await client.query("create schema if not exists supabase_migrations");
  await client.query(
    `create table if not exists supabase_migrations.schema_migrations
       (version text primary key, statements text[], name text)`,
  );
}

async function applyOne(
  client: Client,
  migration: { path: string; file: string; version: string; name: string },
): Promise<void> {
  const statements = splitStatements(await readFile(migration.path, "utf8"));
  await client.query("begin");
  try {
    for (const statement of statements) await runStatement(client, statement, migration.file);
    await client.query(
      "insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3)",
      [migration.version, migration.name, statements.map((statement) => statement.text)],
    );
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}

async function runStatement(client: Client, statement: Statement, file: string): Promise<void> {
  try {
    await client.query(statement.text);
  } catch (cause) {
    const position = cause instanceof DatabaseError ? Number(cause.position ?? 1) : 1;
    const line = statement.line + statement.text.slice(0, position - 1).split("\n").length - 1;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Migration ${file}:${line}: ${message}`, { cause });
  }
}
