import { readFile } from "node:fs/promises";
import { Client } from "pg";

const prelude = ["roles", "auth", "realtime", "storage", "rest"] as const;
const preludeLock = 7_203_611;

/** Creates what every hosted Supabase project has in an empty database. Safe to repeat. */
export async function prepareDatabase(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query("begin");
    await client.query("set local client_min_messages = warning");
    await client.query("select pg_advisory_xact_lock($1)", [preludeLock]);
    for (const script of prelude) {
      await client.query(await readFile(new URL(`prelude/${script}.sql`, import.meta.url), "utf8"));
    }
    await client.query("commit");
  } finally {
    await client.end();
  }
}
