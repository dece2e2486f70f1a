import { createHash } from "node:crypto";
import { createClient } from "@supabase/supabase-js";
import type { Database } from "../shared/database.ts";

const tenantId = "demo";

/**
 * The tenant that a newcomer starts with, and this installation's key for it: made when they are
 * missing, as on the first start or with a Supabase that another installation used before.
 * Returns the tenant's id.
 */
export async function ensureDemoTenant(
  supabaseUrl: string,
  serviceKey: string,
  apiKey: string,
): Promise<string> {
  const supabase = createClient<Database>(supabaseUrl, serviceKey);
  const key_hash = createHash("sha256").update(apiKey).digest("hex");
  const known = await supabase.rpc("authenticate", { key_hash });
  if (known.error) throw unusable(supabaseUrl, known.error);
  if (known.data.length > 0) return tenantId;

  const saved = await supabase
    .from("tenants")
    .upsert(
      { tenant_id: tenantId, name: "Demo tenant", api_key: apiKey, rate_limit_per_minute: 600 },
      { onConflict: "tenant_id" },
    );
  if (saved.error) throw unusable(supabaseUrl, saved.error);
  return tenantId;
}

function unusable(supabaseUrl: string, cause: { message: string }): Error {
  return new Error(
    `The Supabase at ${supabaseUrl} cannot be used: ${cause.message}. Check its service role key, and that supabase/migrations are applied (npx supabase db push).`,
    { cause },
  );
}
