import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { applyMigrations } from "../postgres/apply-migrations.ts";
import { prepareDatabase } from "../postgres/prepare-database.ts";
import type { SupervisedProcess } from "../processes/supervised-process.ts";
import { type PostgresReady, startDatabase } from "./postgres.ts";
import { choosePort, startComponent, type StartContext } from "./start-component.ts";

const migrationsDir = fileURLToPath(new URL("../../supabase/migrations/", import.meta.url));
const usualPort = 54_321;

const supabaseReady = z.object({ url: z.string(), anonKey: z.string(), serviceKey: z.string() });
export type SupabaseReady = z.infer<typeof supabaseReady>;

/** The Supabase project that the stack uses: the local one, or the one named by --supabase-url. */
export interface SupabaseProject {
  url: string;
  serviceKey: string;
  anonKey: string | null;
  /** Null if it was not given with --supabase-url: there are then no tokens for frontends. */
  jwtSecret: string | null;
  /** Null for a project named by --supabase-url. */
  databaseUrl: string | null;
  process: SupervisedProcess<SupabaseReady> | undefined;
  postgres: SupervisedProcess<PostgresReady> | undefined;
}

/**
 * Starts PostgreSQL, applies the migrations and starts the Supabase server, unless the options
 * name another project.
 */
export async function startSupabase(context: StartContext): Promise<SupabaseProject> {
  const { options, report } = context;
  if (options.supabaseUrl !== undefined && options.supabaseKey !== undefined) {
    report(`using Supabase at ${options.supabaseUrl}`);
    return {
      url: options.supabaseUrl,
      serviceKey: options.supabaseKey,
      anonKey: options.supabaseAnonKey ?? null,
      jwtSecret: options.jwtSecret ?? null,
      databaseUrl: null,
      process: undefined,
      postgres: undefined,
    };
  }
  const jwtSecret = options.jwtSecret ?? context.secrets.jwtSecret;
  const postgres = await startDatabase(context);
  const { databaseUrl } = postgres.ready();
  await prepareDatabase(databaseUrl);
  const applied = await applyMigrations(databaseUrl, migrationsDir);
  report(applied.length > 0 ? `${applied.length} migrations applied` : "schema up to date");

  const supabase = await startComponent(context, {
    ready: supabaseReady,
    name: "supabase",
    entry: "local/supabase/main.ts",
    port: await choosePort(options, usualPort),
    env: {
      DATABASE_URL: databaseUrl,
      JWT_SECRET: jwtSecret,
      STORAGE_DIR: join(context.dataDir, "storage"),
    },
  });
  report("Supabase server ready");
  return { ...supabase.ready(), jwtSecret, databaseUrl, process: supabase, postgres };
}
