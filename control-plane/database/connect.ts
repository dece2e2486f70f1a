import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Database } from "../../shared/database.ts";

export type DatabaseClient = SupabaseClient<Database>;

/** A client with the service role. It keeps nothing between requests but the settings. */
export function connectDatabase(project: { url: string; key: string }): DatabaseClient {
  return createClient<Database>(project.url, project.key, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  });
}
