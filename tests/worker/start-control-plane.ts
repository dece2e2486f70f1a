import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { Pool } from "pg";
import pino from "pino";
import { applyMigrations } from "../../local/postgres/apply-migrations.ts";
import { prepareDatabase } from "../../local/postgres/prepare-database.ts";
import { startPostgres } from "../../local/postgres/start-postgres.ts";
import { startSupabase } from "../../local/supabase/start-supabase.ts";
import { bundleWorker } from "../../local/worker/bundle-worker.ts";
import { runWorker } from "../../local/worker/run-worker.ts";
import type { Database } from "../../shared/database.ts";

export const adminKey = "admin-key-for-tests";

/** The Worker in workerd with its own database, without connectors. */
export interface ControlPlane {
  url: string;
  supabaseUrl: string;
  serviceKey: string;
  anonKey: string;
  /** A pool with the owner role, for fixtures. */
  sql: Pool;
  database: SupabaseClient<Database>;
  /** The key that connectors verify command tokens with. */
  commandPublicKey: KeyObject;
  log: string[];
  /** Stops the Worker without a warning. Its URL and what its Durable Objects stored stay. */
  stopWorker(): Promise<void>;
  startWorker(): Promise<void>;
  stop(): Promise<void>;
}

export async function startControlPlane(
  settings: Record<string, string> = {},
): Promise<ControlPlane> {
  const directory = await mkdtemp(join(tmpdir(), "control-plane-test-"));
  const quiet = pino({ level: process.env["LOG_LEVEL"] ?? "silent" }, pino.destination(2));
  const [postgres, code] = await Promise.all([
    startPostgres({
      dataDir: join(directory, "postgres"),
      port: 0,
      password: "secret",
      log: quiet,
      durable: false,
    }),
    bundleWorker(),
  ]);
  const { databaseUrl } = postgres;
  await prepareDatabase(databaseUrl);
  await applyMigrations(databaseUrl, join(import.meta.dirname, "../../supabase/migrations"));
  const jwtSecret = randomBytes(32).toString("hex");
  const supabase = await startSupabase({
    databaseUrl,
    port: 0,
    jwtSecret,
    storageDir: join(directory, "storage"),
    log: quiet,
  });
  const keys = generateKeyPairSync("ed25519");
  const log: string[] = [];
  const workerOptions = {
    stateDir: join(directory, "objects"),
    bindings: {
      SUPABASE_URL: supabase.url,
      SUPABASE_KEY: supabase.serviceKey,
      SUPABASE_ANON_KEY: supabase.anonKey,
      SUPABASE_JWT_SECRET: jwtSecret,
      ADMIN_KEY: adminKey,
      COMMAND_PRIVATE_KEY: keys.privateKey
        .export({ type: "pkcs8", format: "der" })
        .toString("base64"),
      WEBHOOK_SECRET_KEY: randomBytes(32).toString("base64"),
      ALLOW_PRIVATE_URLS: "true",
      ...settings,
    },
    log: (line: string) => void log.push(line),
  };
  let worker = await runWorker(code, { ...workerOptions, port: 0 });
  const { url } = worker;
  const sql = new Pool({ connectionString: databaseUrl, max: 4 });
  // An idle client may report that the server stopped.
  sql.on("error", () => {});
  return {
    url,
    supabaseUrl: supabase.url,
    serviceKey: supabase.serviceKey,
    anonKey: supabase.anonKey,
    sql,
    database: createClient<Database>(supabase.url, supabase.serviceKey, {
      auth: { persistSession: false, autoRefreshToken: false },
    }),
    commandPublicKey: keys.publicKey,
    log,
    stopWorker: () => worker.stop(),
    async startWorker() {
      worker = await runWorker(code, { ...workerOptions, port: Number(new URL(url).port) });
    },
    async stop() {
      await worker.stop();
      await supabase.stop();
      await sql.end();
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
