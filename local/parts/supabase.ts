import { join } from "node:path";
import { z } from "zod";
import { applyMigrations } from "../postgres/apply-migrations.ts";
import { prepareDatabase } from "../postgres/prepare-database.ts";
import { startPostgres } from "../postgres/start-postgres.ts";
import { choosePort, type Context, keep } from "./context.ts";
import type { KeptPart } from "./kept-part.ts";

const migrationsDir = new URL("../../supabase/migrations/", import.meta.url).pathname;
const usualPorts = { postgres: 54_322, supabase: 54_321 };

const supabaseReady = z.object({ url: z.string(), anonKey: z.string(), serviceKey: z.string() });
export type SupabaseReady = z.infer<typeof supabaseReady>;

/** The Supabase that the stack runs on: its own, or the one it was told of. */
export interface SupabaseInUse {
  url: string;
  serviceKey: string;
  anonKey: string | null;
  databaseUrl: string | null;
  part: KeptPart<SupabaseReady> | undefined;
}

/** PostgreSQL, the schema, and the server on it, unless another Supabase is named. */
export async function startSupabase(context: Context): Promise<SupabaseInUse> {
  const { options, report } = context;
  if (options.supabaseUrl !== undefined && options.supabaseKey !== undefined) {
    report(`Supabase at ${options.supabaseUrl}`);
    return {
      url: options.supabaseUrl,
      serviceKey: options.supabaseKey,
      anonKey: options.supabaseAnonKey ?? null,
      databaseUrl: null,
      part: undefined,
    };
  }
  const postgres = context.track(
    "PostgreSQL",
    await startPostgres({
      dataDir: join(context.dataDir, "postgres"),
      port: await choosePort(options, usualPorts.postgres),
      durable: !options.memory,
      log: context.log,
    }),
  );
  report("PostgreSQL ready");
  await prepareDatabase(postgres.databaseUrl);
  const applied = await applyMigrations(postgres.databaseUrl, migrationsDir);
  report(applied.length > 0 ? `${applied.length} migrations applied` : "schema up to date");

  const part = await keep(context, {
    ready: supabaseReady,
    name: "supabase",
    entry: "local/supabase/main.ts",
    port: await choosePort(options, usualPorts.supabase),
    env: {
      DATABASE_URL: postgres.databaseUrl,
      JWT_SECRET: options.jwtSecret ?? context.secrets.jwtSecret,
      STORAGE_DIR: join(context.dataDir, "storage"),
    },
  });
  report("Supabase server ready");
  return { ...part.ready(), databaseUrl: postgres.databaseUrl, part };
}
