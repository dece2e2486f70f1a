import { pino } from "pino";
import { type Addresses, removeAddresses, writeAddresses } from "./addresses.ts";
import { startConnectors, type UrlReady } from "./components/connectors.ts";
import { startControlPlane } from "./components/control-plane.ts";
import { type SandboxReady, startSandbox } from "./components/sandbox.ts";
import type { PostgresReady } from "./components/postgres.ts";
import type { Configure, StartContext } from "./components/start-component.ts";
import { startSupabase, type SupabaseReady } from "./components/supabase.ts";
import { lockDataDirectory } from "./data-directory.ts";
import { ensureDemoTenant } from "./demo-tenant.ts";
import type { Options } from "./options.ts";
import { requirePort } from "./port.ts";
import type { SupervisedProcess } from "./processes/supervised-process.ts";
import { loadOrCreateSecrets } from "./secrets.ts";
import type { Settings } from "./settings.ts";

export interface Stack {
  addresses: Addresses;
  /** The components that run in their own processes; tests stop and restart them one by one. */
  processes: {
    postgres: SupervisedProcess<PostgresReady> | undefined;
    supabase: SupervisedProcess<SupabaseReady> | undefined;
    sandbox: SupervisedProcess<SandboxReady> | undefined;
    connectors: SupervisedProcess<UrlReady>[];
    controlPlane: SupervisedProcess<UrlReady>;
  };
  /** Stops everything in order; each component finishes or hands over its work first. */
  stop(): Promise<void>;
}

/**
 * Starts the whole product on this machine. If a component fails, the others are stopped again.
 * @param given.settings of the components, as docs/deploy.md names them
 * @param given.configure may change what a component is started with
 */
export async function startStack(
  options: Options,
  report: StartContext["report"],
  given: { settings?: Settings; configure?: Configure } = {},
): Promise<Stack> {
  const started: { name: string; stop(): Promise<unknown> }[] = [];
  const stop = async () => {
    for (const one of started.toReversed()) {
      await one
        .stop()
        .catch((error: unknown) => report(`${one.name} did not stop: ${String(error)}`));
    }
  };
  try {
    const data = await lockDataDirectory(options);
    started.push({ name: "data directory", stop: () => data.release() });
    await requirePort(options.port);
    const context: StartContext = {
      options,
      report,
      settings: given.settings ?? {},
      configure: given.configure ?? ((_component, env) => Promise.resolve(env)),
      dataDir: data.path,
      secrets: await loadOrCreateSecrets(data.path, given.settings),
      log: pino({ level: "warn" }, pino.destination(2)),
      stopOnShutdown: (name, component) => {
        started.push({ name, stop: () => component.stop() });
        return component;
      },
    };
    const { addresses, processes } = await startComponents(context);
    await writeAddresses(data.path, addresses);
    started.push({ name: "addresses file", stop: () => removeAddresses(data.path) });
    return { addresses, processes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startComponents(context: StartContext): Promise<Omit<Stack, "stop">> {
  const [supabase, sandbox] = await allStarted([startSupabase(context), startSandbox(context)]);
  const tenantId = await ensureDemoTenant(
    supabase.url,
    supabase.serviceKey,
    context.secrets.demoApiKey,
  );
  const [connectors, controlPlane] = await allStarted([
    startConnectors(context, supabase, sandbox),
    startControlPlane(context, supabase, sandbox),
  ]);

  return {
    addresses: {
      apiUrl: controlPlane.ready().url,
      adminKey: context.secrets.adminKey,
      tenantId,
      apiKey: context.secrets.demoApiKey,
      supabaseUrl: supabase.url,
      supabaseAnonKey: supabase.anonKey,
      supabaseServiceKey: supabase.serviceKey,
      databaseUrl: supabase.databaseUrl,
      sandboxUrl: sandbox?.url ?? null,
      connectorUrls: connectors.map((connector) => connector.ready().url),
    },
    processes: {
      postgres: supabase.postgres,
      supabase: supabase.process,
      sandbox: sandbox?.process,
      connectors,
      controlPlane,
    },
  };
}

/** Waits for both even if one fails, so that what the other started is stopped too. */
async function allStarted<One, Two>(starts: [Promise<One>, Promise<Two>]): Promise<[One, Two]> {
  await Promise.allSettled(starts);
  return Promise.all(starts);
}
