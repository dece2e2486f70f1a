import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Database } from "../../shared/database.ts";

/** The statement timeout of a hosted project; after it a hanging database leads to a 503. */
const timeoutMs = 8_000;

export type DatabaseClient = SupabaseClient<Database>;

/** A client with the service role. It holds no state between requests. */
export function connectDatabase(project: { url: string; key: string }): DatabaseClient {
  return createClient<Database>(project.url, project.key, {
    db: { timeout: timeoutMs },
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  });
}
