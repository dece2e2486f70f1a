import { createClient } from "@supabase/supabase-js";
import type { Database } from "../shared/database.ts";

const tenantId = "demo";

/** The tenant that a newcomer starts with; at the first start it gets the key. Returns its id. */
export async function ensureDemoTenant(
  supabaseUrl: string,
  serviceKey: string,
  apiKey: string,
): Promise<string> {
  const supabase = createClient<Database>(supabaseUrl, serviceKey);
  const found = await supabase
    .from("tenants")
    .select("tenant_id")
    .eq("tenant_id", tenantId)
    .maybeSingle();
  if (found.error) throw unusable(supabaseUrl, found.error);
  if (found.data === null) {
    const made = await supabase.from("tenants").insert({
      tenant_id: tenantId,
      name: "Demo tenant",
      api_key: apiKey,
      rate_limit_per_minute: 600,
    });
    if (made.error) throw unusable(supabaseUrl, made.error);
  }
  return tenantId;
}

function unusable(supabaseUrl: string, cause: { message: string }): Error {
  return new Error(
    `The Supabase at ${supabaseUrl} cannot be used: ${cause.message}. Check its service role key, and that supabase/migrations are applied (npx supabase db push).`,
    { cause },
  );
}
