import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Database as Schema } from "../../shared/database.ts";

export type Supabase = SupabaseClient<Schema>;

/** Supabase for Realtime, and for REST where the connector has no connection to PostgreSQL. */
export function connectSupabase({ url, key }: { url: string; key: string }): Supabase {
  // The service key is the only identity: without this, each call first looks for a signed-in user.
  return createClient<Schema>(url, key, { accessToken: () => Promise.resolve(key) });
}
