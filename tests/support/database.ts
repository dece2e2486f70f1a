import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Pool } from "pg";
import { pino } from "pino";
import { applyMigrations } from "../../local/postgres/apply-migrations.ts";
import type { Binaries } from "../../local/postgres/binaries.ts";
import { prepareDatabase } from "../../local/postgres/prepare-database.ts";
import { startPostgres } from "../../local/postgres/start-postgres.ts";

const migrationsDir = fileURLToPath(new URL("../../supabase/migrations/", import.meta.url));

export interface TestDatabase {
  pool: Pool;
  databaseUrl: string;
  /** Runs queries as a role with these JWT claims, as the REST server does, and rolls back. */
  as(
    role: "anon" | "authenticated" | "service_role",
    claims: object,
    sql: string,
  ): Promise<unknown[]>;
  stop(): Promise<void>;
}

/** Connections that survive the end of their server: `end()` must still be called. */
export function createPool(databaseUrl: string): Pool {
  const pool = new Pool({ connectionString: databaseUrl, max: 10 });
  // pool.end() does not wait for the goodbye: the server may hang up on a closing client first.
  pool.on("connect", (client) => client.on("error", () => {}));
  pool.on("error", () => {});
  return pool;
}

/** A PostgreSQL of its own with our schema, for one test file; `binaries` of another version. */
export async function startTestDatabase(binaries?: Binaries): Promise<TestDatabase> {
  const dataDir = await mkdtemp(join(tmpdir(), "whatsapp-microservice-test-"));
  const log = pino({ level: "silent" });
  const postgres = await startPostgres({
    dataDir,
    port: 0,
    password: "secret",
    durable: false,
    log,
    ...(binaries === undefined ? {} : { binaries }),
  });
  await prepareDatabase(postgres.databaseUrl);
  await applyMigrations(postgres.databaseUrl, migrationsDir);
  const pool = createPool(postgres.databaseUrl);
  return {
    pool,
    databaseUrl: postgres.databaseUrl,
    async as(role, claims, sql) {
      const client = await pool.connect();
      try {
        await client.query("begin");
        await client.query(`set local role ${role}`);
        await client.query("select set_config('request.jwt.claims', $1, true)", [
          JSON.stringify({ role, ...claims }),
        ]);
        return (await client.query(sql)).rows;
      } finally {
        await client.query("rollback");
        client.release();
      }
    },
    async stop() {
      await pool.end();
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
