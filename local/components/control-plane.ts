import { join } from "node:path";
import type { SupervisedProcess } from "../processes/supervised-process.ts";
import { controlPlaneSettings } from "../settings.ts";
import { type UrlReady, urlReady } from "./connectors.ts";
import type { SandboxNetwork } from "./sandbox.ts";
import { startComponent, type StartContext } from "./start-component.ts";
import type { SupabaseProject } from "./supabase.ts";

/** Starts the Worker in workerd. */
export async function startControlPlane(
  context: StartContext,
  supabase: SupabaseProject,
  sandbox: SandboxNetwork | undefined,
): Promise<SupervisedProcess<UrlReady>> {
  const controlPlane = await startComponent(context, {
    ready: urlReady,
    name: "control-plane",
    entry: "local/worker/main.ts",
    // This process only starts workerd, and no request passes through it.
    nodeOptions: ["--optimize-for-size", "--max-semi-space-size=1"],
    port: context.options.port,
    env: {
      STATE_DIR: join(context.dataDir, "durable-objects"),
      BINDINGS: JSON.stringify({
        ALLOW_PRIVATE_URLS: "true",
        ...controlPlaneSettings(context.settings),
        SUPABASE_URL: supabase.url,
        SUPABASE_KEY: supabase.serviceKey,
        ...(supabase.anonKey === null ? {} : { SUPABASE_ANON_KEY: supabase.anonKey }),
        ...(supabase.jwtSecret === null ? {} : { SUPABASE_JWT_SECRET: supabase.jwtSecret }),
        ...(sandbox?.url ? { SANDBOX_URL: sandbox.url } : {}),
        ADMIN_KEY: context.secrets.adminKey,
        COMMAND_PRIVATE_KEY: context.secrets.commandPrivateKey,
        WEBHOOK_SECRET_KEY: context.secrets.webhookSecretKey,
      }),
    },
  });
  context.report("control plane ready");
  return controlPlane;
}
