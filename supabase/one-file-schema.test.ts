import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { prepareDatabase } from "../local/postgres/prepare-database.ts";
import { oneFileSchema } from "../scripts/one-file-schema.ts";
import { createPool, startTestDatabase, type TestDatabase } from "../tests/support/database.ts";
import { describeSchema } from "../tests/support/describe-schema.ts";

const file = new URL("../supabase-safe-migration.sql", import.meta.url);
const migrationsDir = fileURLToPath(new URL("migrations/", import.meta.url));

/** The database that our own runner migrated. */
let db: TestDatabase;
beforeAll(async () => {
  db = await startTestDatabase();
});
afterAll(() => db.stop());

/** Runs `use` on another database with what a hosted project has, and none of our schema. */
async function withEmptyProject(name: string, use: (pool: Pool) => Promise<void>): Promise<void> {
  await db.pool.query(`create database ${name}`);
  const url = new URL(db.databaseUrl);
  url.pathname = name;
  await prepareDatabase(url.href);
  const pool = createPool(url.href);
  try {
    await use(pool);
  } finally {
    await pool.end();
  }
}

test("supabase-safe-migration.sql matches the migrations; if not, run npm run gen:schema", async () => {
  expect(await readFile(file, "utf8")).toBe(await oneFileSchema(migrationsDir));
});

test("the file creates the same schema as the migrations, and may run again over data", async () => {
  const script = await readFile(file, "utf8");
  await withEmptyProject("pasted", async (pool) => {
    await pool.query(script);
    const schema = await describeSchema(pool);
    expect(schema.length).toBeGreaterThan(100);
    expect(schema).toEqual(await describeSchema(db.pool));

    await pool.query("insert into tenants (tenant_id, name) values ('kept', 'Kept')");
    await pool.query(script);
    expect(await describeSchema(pool)).toEqual(schema);
    expect((await pool.query("select tenant_id from tenants")).rows).toEqual([
      { tenant_id: "kept" },
    ]);
  });
});

test("a file that fails in its last migration leaves nothing behind", async () => {
  const script = await readFile(file, "utf8");
  await withEmptyProject("failed", async (pool) => {
    const broken = script.replace(/COMMIT;\n$/, "SELECT nothing_of_this_name;\nCOMMIT;\n");
    await expect(pool.query(broken)).rejects.toThrow("nothing_of_this_name");
    const { rows } = await pool.query("select to_regclass('public.tenants') as tenants");
    expect(rows).toEqual([{ tenants: null }]);
  });
});
