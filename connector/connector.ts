import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Network } from "../shared/session.ts";
import { createAuthorize } from "./command/authorize.ts";
import { commandRoute } from "./command/route.ts";
import { SendMessage } from "./command/send-message.ts";
import type { ConnectorConfig } from "./config.ts";
import type { Database } from "./database/database.ts";
import { connectPostgres } from "./database/postgres-database.ts";
import { restDatabase } from "./database/rest-database.ts";
import { connectSupabase, type Supabase } from "./database/supabase.ts";
import { createApp } from "./http/app.ts";
import { listen } from "./http/listen.ts";
import { createMetrics } from "./http/metrics.ts";
import { createMetricsApp } from "./http/metrics-app.ts";
import type { Registration } from "./lease/lease.ts";
import { ConnectorRuntime } from "./runtime/connector-runtime.ts";
import { createBroadcast } from "./notifications/broadcast.ts";
import { HubNotifier } from "./notifications/hub-notifier.ts";
import { listenForNotifications } from "./notifications/listen.ts";
import { createLog, type Log } from "./log/log.ts";
import { findFfmpeg } from "./media/inspect/ffmpeg.ts";
import { TransferSlots } from "./media/transfer-slots.ts";
import { localStore } from "./media/store/local-store.ts";
import { supabaseStore } from "./media/store/supabase-store.ts";
import { fileRoute } from "./command/file-route.ts";
import { uploadRoute } from "./command/upload-route.ts";
import { NumberCache } from "./number/number-cache.ts";
import { type Crash, handleCrashes } from "./stop/crash.ts";
import { runPhases } from "./stop/phases.ts";
import type { NetworkTarget } from "./whatsapp/network-target.ts";
import { useSecretKeyObjects } from "./whatsapp/patches/secret-key-objects.ts";
import { keepSignalSessionsIntact } from "../shared/intact-signal-sessions.ts";
import { silenceLibsignal } from "../shared/silence-libsignal.ts";

const numbersInMemory = 20_000;
/** Of files on their way from WhatsApp, and of those to it. */
const transferLimits = { total: 16, perTenant: 4 };
/** Before registering again after the lease was lost. */
const reregisterAfterMs = 200;

export interface Connector {
  url: string;
  /** Where Prometheus reads `/metrics`. */
  metricsUrl: string;
  /** Hands every session over; resolves when nothing of this connector runs any more. */
  stop: () => Promise<void>;
  /** For the errors of the process that nothing handled. */
  crash: Crash;
}

export async function startConnector(config: ConnectorConfig): Promise<Connector> {
  silenceLibsignal();
  keepSignalSessionsIntact();
  useSecretKeyObjects();
  const { timing } = config;
  const log = createLog(config.LOG_LEVEL);
  const supabase = connectSupabase({ url: config.SUPABASE_URL, key: config.SUPABASE_KEY });
  const database = connectDatabase(config, { supabase, log });
  const metrics = createMetrics(() =>
    Array.from(runtime?.sessions.values() ?? [], (session) => session.state),
  );
  let runtime: ConnectorRuntime | undefined;
  let connectorId = "";
  let accepting = true;
  const stopping = new AbortController();

  const numberCache = new NumberCache(numbersInMemory);
  const notifications = listenForNotifications({
    supabase,
    log,
    onNotification: (uid) => runtime?.wake(uid),
  });
  const hubs = new HubNotifier({
    broadcast: createBroadcast({ url: config.SUPABASE_URL, key: config.SUPABASE_KEY }),
    onError: (error) => log.debug({ event: "broadcast_failed", err: error }, "hubs not notified"),
  });
  const authorize = createAuthorize({ publicKey: config.COMMAND_PUBLIC_KEY, log });
  const commands = commandRoute({
    authorize,
    log,
    isAccepting: () => accepting,
    findSession: (uid) => runtime?.sessions.get(uid),
    sender: new SendMessage({ numberCache, now: Date.now }),
  });
  const directory = config.STORAGE_MODE === "local" ? localStore(config.MEDIA_DIR) : undefined;
  const store = directory ?? supabaseStore({ url: config.SUPABASE_URL, key: config.SUPABASE_KEY });
  const uploads = uploadRoute({
    authorize,
    isAccepting: () => accepting,
    database,
    store,
    ffmpeg: await findFfmpeg(config.FFMPEG_PATH),
    log,
    now: Date.now,
    maxDocumentBytes: config.MAX_DOCUMENT_BYTES,
    allowPrivateUrls: config.ALLOW_PRIVATE_URLS,
  });
  const app = createApp({
    commands: commands.app,
    uploads: uploads.app,
    files: fileRoute({ authorize, store: directory }),
    status: () => ({
      alive: runtime?.isAlive ?? true,
      ready: runtime?.isReady ?? false,
      connector_id: connectorId,
      sessions: runtime?.sessions.size ?? 0,
      realtime: notifications.isListening(),
    }),
  });
  const server = await listen(app, { port: config.PORT, host: config.HOST });
  const metricsServer = await listen(createMetricsApp(metrics), {
    port: config.METRICS_PORT,
    host: config.HOST,
  });
  const url = config.CONNECTOR_URL ?? `http://127.0.0.1:${server.port}`;
  const registration: Registration = {
    url,
    instance: config.FLY_MACHINE_ID ?? null,
    networks: networksOf(config),
    capacity: config.MAX_SESSIONS,
  };
  const services = {
    database,
    store,
    downloadSlots: new TransferSlots(transferLimits),
    uploadSlots: new TransferSlots(transferLimits),
    maxFileBytes: config.MAX_DOCUMENT_BYTES,
    masterKeys: { current: config.ENCRYPTION_KEY, old: config.ENCRYPTION_KEY_OLD },
    target: (network: Network) => targetOf(network, config),
    timing,
    queueDefaults: config.queueDefaults,
    metrics,
    log,
    random: Math.random,
  };

  const crash = handleCrashes({
    log,
    metrics,
    release: async () => {
      accepting = false;
      stopping.abort();
      await runtime?.retire();
    },
  });
  const serving = (async () => {
    while (!stopping.signal.aborted) {
      connectorId = randomUUID();
      notifications.listenFor(connectorId);
      runtime = new ConnectorRuntime({
        database,
        connectorId,
        registration,
        timing,
        log: log.child({ connector: connectorId }),
        random: Math.random,
        numberCache,
        notifyHubs: (committed) => hubs.notify(committed),
        services,
      });
      await runtime.serve(stopping.signal);
      if (stopping.signal.aborted) return;
      // Best effort: without it the old lease expires by itself.
      runtime.retire().catch(() => undefined);
      await sleep(reregisterAfterMs);
    }
  })().catch((error: unknown) => {
    if (!stopping.signal.aborted) crash.onException(error);
  });

  const stop = () =>
    runPhases(
      [
        {
          name: "commands",
          timeoutMs: timing.stopSendsMs,
          run: async () => {
            accepting = false;
            runtime?.stopClaiming();
            while (commands.running() + uploads.running() + (runtime?.drip.running ?? 0) > 0)
              await sleep(20);
          },
        },
        {
          name: "sockets",
          timeoutMs: timing.closeMs + 1000,
          run: async () => {
            stopping.abort();
            await serving;
            await runtime?.handOver();
          },
        },
        { name: "writes", timeoutMs: timing.stopWritesMs, run: () => runtime?.writer.flushed() },
        { name: "leases", timeoutMs: 5000, run: () => runtime?.retire() },
        {
          name: "linger",
          timeoutMs: timing.stopLingerMs + 1000,
          run: () => sleep(timing.stopLingerMs),
        },
        {
          name: "rest",
          timeoutMs: 2000,
          run: () => {
            runtime?.abandon();
            hubs.close();
            return Promise.all([
              notifications.stop(),
              server.stop(),
              metricsServer.stop(),
              database.close(),
            ]);
          },
        },
      ],
      log,
    );
  let stopped: Promise<void> | undefined;
  return {
    url,
    metricsUrl: `http://127.0.0.1:${metricsServer.port}/metrics`,
    stop: () => (stopped ??= stop()),
    crash,
  };
}

function networksOf(config: ConnectorConfig): Network[] {
  const networks: Network[] = [];
  if (config.LIVE_NETWORK) networks.push("live");
  if (config.SANDBOX_WS_URL !== undefined) networks.push("sandbox");
  return networks;
}

function targetOf(network: Network, config: ConnectorConfig): NetworkTarget {
  if (network === "live") return { network, webVersion: config.WA_WEB_VERSION };
  if (config.SANDBOX_WS_URL === undefined)
    throw new Error("SANDBOX_WS_URL is not set, so this connector cannot run sandbox sessions");
  return {
    network,
    url: config.SANDBOX_WS_URL,
    rootKey: config.SANDBOX_ROOT_KEY,
    mediaCa: config.SANDBOX_MEDIA_CA,
  };
}

function connectDatabase(
  config: ConnectorConfig,
  { supabase, log }: { supabase: Supabase; log: Log },
): Database {
  const { DATABASE_URL: url, DATABASE_CONNECTIONS: maxConnections } = config;
  return url === undefined ? restDatabase(supabase) : connectPostgres({ url, maxConnections, log });
}
