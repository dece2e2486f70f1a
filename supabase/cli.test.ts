import { afterAll, beforeAll, expect, test } from "vitest";
import { prepareDatabase } from "../local/postgres/prepare-database.ts";
import { createPool, startTestDatabase, type TestDatabase } from "../tests/support/database.ts";
import { describeSchema } from "../tests/support/describe-schema.ts";
import { findSupabaseCli, runSupabaseCli } from "../tests/support/supabase-cli.ts";

const isMissing = findSupabaseCli() === undefined;
const timeout = 60_000;
const reason = "npm installed no Supabase CLI for this platform";

/** The database that our own runner migrated. */
let db: TestDatabase;
beforeAll(async () => {
  db = await startTestDatabase();
});
afterAll(() => db.stop());

/** The local server has no TLS. */
function withoutTls(databaseUrl: string, database = "postgres"): string {
  const url = new URL(databaseUrl);
  url.pathname = database;
  url.searchParams.set("sslmode", "disable");
  return url.href;
}

test(
  "`supabase db push` creates the same schema as the local runner",
  { timeout },
  async ({ skip }) => {
    skip(isMissing, reason);
    await db.pool.query("create database pushed");
    const url = withoutTls(db.databaseUrl, "pushed");
    await prepareDatabase(url);
    await runSupabaseCli(["db", "push", "--yes", "--db-url", url]);
    const pool = createPool(url);
    try {
      const pushed = await describeSchema(pool);
      expect(pushed.length).toBeGreaterThan(100);
      expect(pushed).toEqual(await describeSchema(db.pool));
    } finally {
      await pool.end();
    }
  },
);

test(
  "`supabase db push` finds nothing to do after the local runner",
  { timeout },
  async ({ skip }) => {
    skip(isMissing, reason);
    const url = withoutTls(db.databaseUrl);
    const output = await runSupabaseCli(["db", "push", "--yes", "--db-url", url]);
    expect(output).toContain("Remote database is up to date");
  },
);
