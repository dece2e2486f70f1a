import { join } from "node:path";
import { z } from "zod";
import type { SupervisedProcess } from "../processes/supervised-process.ts";
import type { SandboxNetwork } from "./sandbox.ts";
import { connectorSettings } from "../settings.ts";
import { choosePort, startComponent, type StartContext } from "./start-component.ts";
import type { SupabaseProject } from "./supabase.ts";

const firstUsualPort = 8080;
const firstUsualMetricsPort = 9091;

export const urlReady = z.object({ url: z.string() });
export type UrlReady = z.infer<typeof urlReady>;

/** Starts as many connectors as `--connectors` says. */
export async function startConnectors(
  context: StartContext,
  supabase: SupabaseProject,
  sandbox: SandboxNetwork | undefined,
): Promise<SupervisedProcess<UrlReady>[]> {
  const connectors: SupervisedProcess<UrlReady>[] = [];
  for (let index = 0; index < context.options.connectors; index++) {
    connectors.push(await startConnector(context, { index, supabase, sandbox }));
  }
  context.report(
    connectors.length > 1 ? `${connectors.length} connectors ready` : "connector ready",
  );
  return connectors;
}

async function startConnector(
  context: StartContext,
  input: { index: number; supabase: SupabaseProject; sandbox: SandboxNetwork | undefined },
): Promise<SupervisedProcess<UrlReady>> {
  const { index, supabase, sandbox } = input;
  return startComponent(context, {
    ready: urlReady,
    name: `connector-${index + 1}`,
    entry: "connector/start.ts",
    port: await choosePort(context.options, firstUsualPort + index),
    env: {
      ALLOW_PRIVATE_URLS: "true",
      MEDIA_DIR: join(context.dataDir, "media"),
      ...connectorSettings(context.settings),
      HOST: "127.0.0.1",
      METRICS_PORT: String(await choosePort(context.options, firstUsualMetricsPort + index)),
      SUPABASE_URL: supabase.url,
      SUPABASE_KEY: supabase.serviceKey,
      ...(supabase.databaseUrl === null ? {} : { DATABASE_URL: supabase.databaseUrl }),
      ENCRYPTION_KEY: context.secrets.encryptionKey,
      COMMAND_PUBLIC_KEY: context.secrets.commandPublicKey,
      ...(sandbox === undefined ? {} : sandboxEnvironment(sandbox)),
    },
  });
}

function sandboxEnvironment(sandbox: SandboxNetwork): Record<string, string> {
  const { webSocketUrl, rootKey, caCertificateFile } = sandbox;
  return {
    SANDBOX_WS_URL: webSocketUrl,
    SANDBOX_ROOT_KEY: rootKey,
    ...(caCertificateFile === null ? {} : { SANDBOX_MEDIA_CA: caCertificateFile }),
  };
}
