import { pino } from "pino";
import { takeDataDirectory } from "./data-directory.ts";
import { ensureDemoTenant } from "./demo-tenant.ts";
import type { Options } from "./options.ts";
import { startConnectors, type UrlReady } from "./parts/connectors.ts";
import type { Context } from "./parts/context.ts";
import { startControlPlane } from "./parts/control-plane.ts";
import type { KeptPart } from "./parts/kept-part.ts";
import { type SandboxReady, startNetwork } from "./parts/network.ts";
import { startSupabase, type SupabaseReady } from "./parts/supabase.ts";
import { keepSecrets } from "./secrets.ts";

/** Where everything is: the line that `npm start -- --json` prints. */
export interface Addresses {
  apiUrl: string;
  adminKey: string;
  tenantId: string;
  apiKey: string;
  supabaseUrl: string;
  supabaseAnonKey: string | null;
  supabaseServiceKey: string;
  databaseUrl: string | null;
  sandboxUrl: string | null;
  connectorUrls: string[];
}

export interface Stack {
  addresses: Addresses;
  /** The parts that run as processes of their own, to end and start one at a time. */
  parts: {
    supabase: KeptPart<SupabaseReady> | undefined;
    sandbox: KeptPart<SandboxReady> | undefined;
    connectors: KeptPart<UrlReady>[];
    controlPlane: KeptPart<UrlReady>;
  };
  /** Stops everything in order; what is in flight is finished or handed over first. */
  stop(): Promise<void>;
}

/** Starts the whole product on this machine. What had started is stopped again when a part fails. */
export async function startStack(options: Options, report: Context["report"]): Promise<Stack> {
  const started: { name: string; stop(): Promise<unknown> }[] = [];
  const stop = async () => {
    for (const part of started.toReversed()) {
      await part
        .stop()
        .catch((error: unknown) => report(`${part.name} did not stop: ${String(error)}`));
    }
  };
  try {
    const data = await takeDataDirectory(options);
    started.push({ name: "data directory", stop: () => data.release() });
    const context: Context = {
      options,
      report,
      dataDir: data.path,
      secrets: await keepSecrets(data.path),
      log: pino({ level: "warn" }, pino.destination(2)),
      track: (name, part) => {
        started.push({ name, stop: () => part.stop() });
        return part;
      },
    };
    const { addresses, parts } = await startParts(context);
    return { addresses, parts, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(context: Context): Promise<Omit<Stack, "stop">> {
  const [supabase, network] = await allStarted([startSupabase(context), startNetwork(context)]);
  const tenantId = await ensureDemoTenant(
    supabase.url,
    supabase.serviceKey,
    context.secrets.demoApiKey,
  );
  const [connectors, controlPlane] = await allStarted([
    startConnectors(context, supabase, network),
    startControlPlane(context, supabase),
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
      sandboxUrl: network?.url ?? null,
      connectorUrls: connectors.map((connector) => connector.ready().url),
    },
    parts: { supabase: supabase.part, sandbox: network?.part, connectors, controlPlane },
  };
}

/** Waits for both, even when one fails: what the other started is tracked by then. */
async function allStarted<One, Two>(starts: [Promise<One>, Promise<Two>]): Promise<[One, Two]> {
  await Promise.allSettled(starts);
  return Promise.all(starts);
}
