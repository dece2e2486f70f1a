import { join } from "node:path";
import { type UrlReady, urlReady } from "./connectors.ts";
import { type Context, keep } from "./context.ts";
import type { KeptPart } from "./kept-part.ts";
import type { SupabaseInUse } from "./supabase.ts";

/** The Worker in workerd. */
export async function startControlPlane(
  context: Context,
  supabase: SupabaseInUse,
): Promise<KeptPart<UrlReady>> {
  const part = await keep(context, {
    ready: urlReady,
    name: "control-plane",
    entry: "local/worker/main.ts",
    port: context.options.port,
    env: {
      STATE_DIR: join(context.dataDir, "durable-objects"),
      BINDINGS: JSON.stringify({
        SUPABASE_URL: supabase.url,
        SUPABASE_KEY: supabase.serviceKey,
        ...(supabase.anonKey === null ? {} : { SUPABASE_ANON_KEY: supabase.anonKey }),
        ADMIN_KEY: context.secrets.adminKey,
        COMMAND_PRIVATE_KEY: context.secrets.commandPrivateKey,
        ALLOW_PRIVATE_URLS: "true",
      }),
    },
  });
  context.report("control plane ready");
  return part;
}
