import { createHash } from "node:crypto";
import { createClient } from "@supabase/supabase-js";
import { CannotStart } from "./cannot-start.ts";
import type { Database } from "../shared/database.ts";

const tenantId = "demo";

/**
 * Creates the demo tenant and this installation's API key for it if they are missing: on the first
 * start, or on a Supabase project that another installation created. Returns the tenant id.
 */
export async function ensureDemoTenant(
  supabaseUrl: string,
  serviceKey: string,
  apiKey: string,
): Promise<string> {
  const supabase = createClient<Database>(supabaseUrl, serviceKey);
  const key_hash = createHash("sha256").update(apiKey).digest("hex");
  const known = await supabase.rpc("authenticate", { key_hash });
  if (known.error) throw unusableError(supabaseUrl, known.error);
  if (known.data.length > 0) return tenantId;

  const saved = await supabase
    .from("tenants")
    .upsert(
      { tenant_id: tenantId, name: "Demo tenant", api_key: apiKey, rate_limit_per_minute: 600 },
      { onConflict: "tenant_id" },
    );
  if (saved.error) throw unusableError(supabaseUrl, saved.error);
  return tenantId;
}

function unusableError(supabaseUrl: string, cause: { message: string }): CannotStart {
  return new CannotStart(
    `Cannot use the Supabase project at ${supabaseUrl}: ${cause.message}. Check the service role key, and apply the migrations with: npx supabase db push`,
    { cause },
  );
}
