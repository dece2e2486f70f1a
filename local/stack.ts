import { join } from "node:path";
import { pino, type Logger } from "pino";
import { z } from "zod";
import { applyMigrations } from "./postgres/apply-migrations.ts";
import { prepareDatabase } from "./postgres/prepare-database.ts";
import { startPostgres } from "./postgres/start-postgres.ts";
import { takeDataDirectory } from "./data-directory.ts";
import { ensureDemoTenant } from "./demo-tenant.ts";
import { type KeptPart, keepPart } from "./kept-part.ts";
import type { Options } from "./options.ts";
import { startPart } from "./part.ts";
import { portNear } from "./port.ts";
import { keepSecrets, type Secrets } from "./secrets.ts";

const migrationsDir = new URL("../supabase/migrations/", import.meta.url).pathname;

/** The ports that parts are given while they are free and the API has its usual one. */
const usualPorts = { postgres: 54_322, supabase: 54_321, sandbox: 3100, connector: 8080 };

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

const supabaseReady = z.object({ url: z.string(), anonKey: z.string(), serviceKey: z.string() });
type SupabaseReady = z.infer<typeof supabaseReady>;
const sandboxReady = z.object({ url: z.string(), webSocketUrl: z.string(), rootKey: z.string() });
type SandboxReady = z.infer<typeof sandboxReady>;
const urlReady = z.object({ url: z.string() });
type UrlReady = z.infer<typeof urlReady>;

/** Tells a person, or a log, what is happening. */
type Report = (line: string) => void;

/** Starts the whole product on this machine. What had started is stopped again when a part fails. */
export async function startStack(options: Options, report: Report): Promise<Stack> {
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

interface Context {
  options: Options;
  report: Report;
  dataDir: string;
  secrets: Secrets;
  log: Logger;
  track<Part extends { stop(): Promise<unknown> }>(name: string, part: Part): Part;
}

async function startParts(context: Context): Promise<Omit<Stack, "stop">> {
  const [supabase, network] = await allStarted([startDatabase(context), startNetwork(context)]);
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

interface SupabaseInUse {
  url: string;
  serviceKey: string;
  anonKey: string | null;
  databaseUrl: string | null;
  part: KeptPart<SupabaseReady> | undefined;
}

async function startDatabase(context: Context): Promise<SupabaseInUse> {
  const { options, report } = context;
  if (options.supabaseUrl !== undefined && options.supabaseKey !== undefined) {
    report(`Supabase at ${options.supabaseUrl}`);
    return {
      url: options.supabaseUrl,
      serviceKey: options.supabaseKey,
      anonKey: options.supabaseAnonKey ?? null,
      databaseUrl: null,
      part: undefined,
    };
  }
  const postgres = context.track(
    "PostgreSQL",
    await startPostgres({
      dataDir: join(context.dataDir, "postgres"),
      port: await choosePort(options, usualPorts.postgres),
      durable: !options.memory,
      log: context.log,
    }),
  );
  report("PostgreSQL ready");
  await prepareDatabase(postgres.databaseUrl);
  const applied = await applyMigrations(postgres.databaseUrl, migrationsDir);
  report(applied.length > 0 ? `${applied.length} migrations applied` : "schema up to date");

  const part = await keep(context, {
    ready: supabaseReady,
    name: "supabase",
    entry: "local/supabase/main.ts",
    port: await choosePort(options, usualPorts.supabase),
    env: {
      DATABASE_URL: postgres.databaseUrl,
      JWT_SECRET: options.jwtSecret ?? context.secrets.jwtSecret,
      STORAGE_DIR: join(context.dataDir, "storage"),
    },
  });
  report("Supabase server ready");
  return { ...part.ready(), databaseUrl: postgres.databaseUrl, part };
}

interface Network {
  url: string | null;
  webSocketUrl: string;
  rootKey: string;
  part: KeptPart<SandboxReady> | undefined;
}

async function startNetwork(context: Context): Promise<Network | undefined> {
  const { options, report } = context;
  if (options.sandboxUrl !== undefined && options.sandboxRootKey !== undefined) {
    report(`network at ${options.sandboxUrl}`);
    return {
      url: null,
      webSocketUrl: options.sandboxUrl,
      rootKey: options.sandboxRootKey,
      part: undefined,
    };
  }
  if (!options.sandbox) return undefined;
  const part = await keep(context, {
    ready: sandboxReady,
    name: "sandbox",
    entry: "sandbox/start.ts",
    args: ["--json"],
    port: await choosePort(options, usualPorts.sandbox),
    env: { SANDBOX_DATA: join(context.dataDir, "sandbox") },
  });
  report("sandbox network ready");
  return { ...part.ready(), part };
}

async function startConnectors(
  context: Context,
  supabase: SupabaseInUse,
  network: Network | undefined,
): Promise<KeptPart<UrlReady>[]> {
  const connectors: KeptPart<UrlReady>[] = [];
  for (let index = 0; index < context.options.connectors; index++) {
    connectors.push(await startConnector(context, { index, supabase, network }));
  }
  context.report(
    connectors.length > 1 ? `${connectors.length} connectors ready` : "connector ready",
  );
  return connectors;
}

async function startConnector(
  context: Context,
  input: { index: number; supabase: SupabaseInUse; network: Network | undefined },
): Promise<KeptPart<UrlReady>> {
  const { options } = context;
  const { index, supabase, network } = input;
  return keep(context, {
    ready: urlReady,
    name: `connector-${index + 1}`,
    entry: "connector/start.ts",
    port: await choosePort(options, usualPorts.connector + index),
    env: {
      HOST: "127.0.0.1",
      SUPABASE_URL: supabase.url,
      SUPABASE_KEY: supabase.serviceKey,
      ENCRYPTION_KEY: context.secrets.encryptionKey,
      COMMAND_PUBLIC_KEY: context.secrets.commandPublicKey,
      ...(network === undefined
        ? {}
        : { SANDBOX_WS_URL: network.webSocketUrl, SANDBOX_ROOT_KEY: network.rootKey }),
    },
  });
}

async function startControlPlane(
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

async function keep<Ready extends { url: string }>(
  context: Context,
  part: {
    name: string;
    entry: string;
    args?: string[];
    port: number;
    env: Record<string, string>;
    ready: z.ZodType<Ready>;
  },
): Promise<KeptPart<Ready>> {
  const kept = await keepPart<Ready>({
    start: (before) =>
      startPart<Ready>({
        ...part,
        env: {
          ...part.env,
          PORT: before === undefined ? String(part.port) : new URL(before.url).port,
        },
        logFile: context.options.json ? null : join(context.dataDir, "logs", `${part.name}.log`),
      }),
    onCrash: () => context.report(`${part.name} ended by itself and is started again`),
  });
  return context.track(part.name, kept);
}

async function choosePort(options: Options, usual: number): Promise<number> {
  return options.port === 0 ? 0 : portNear(usual);
}

/** Waits for both, even when one fails: what the other started is tracked by then. */
async function allStarted<One, Two>(starts: [Promise<One>, Promise<Two>]): Promise<[One, Two]> {
  await Promise.allSettled(starts);
  return Promise.all(starts);
}
