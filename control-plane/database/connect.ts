import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Database } from "../../shared/database.ts";

/** What a hosted project lets a statement take; a database that hangs is answered with 503. */
const timeoutMs = 8_000;

export type DatabaseClient = SupabaseClient<Database>;

/** A client with the service role. It keeps nothing between requests but the settings. */
export function connectDatabase(project: { url: string; key: string }): DatabaseClient {
  return createClient<Database>(project.url, project.key, {
    db: { timeout: timeoutMs },
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  });
}
