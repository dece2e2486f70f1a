import { convertV4MiniflareOptions, Miniflare, NoOpLog } from "miniflare";
import { readWranglerConfig } from "./wrangler-config.ts";

interface DiskService {
  disk: { path: string; writable: boolean };
}

const cronIntervalMs = 60_000;

export interface WorkerOptions {
  port: number;
  /** Directory where Durable Objects store their state. */
  stateDir: string;
  bindings: Record<string, string>;
  /** Directory of the files that the binding ASSETS serves: the console. */
  assetsDir?: string;
  log(line: string): void;
}

/**
 * Runs the Worker in workerd on loopback, including its cron trigger. Miniflare exits the whole
 * process as soon as it receives a signal, so the Worker must run in its own process.
 */
export async function runWorker(
  code: string,
  options: WorkerOptions,
): Promise<{ url: string; stop(): Promise<void> }> {
  const config = await readWranglerConfig();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: config.name,
      host: "127.0.0.1",
      port: options.port,
      log: new NoOpLog(),
      cf: false,
      handleStructuredLogs: ({ message }) => options.log(message),
      modules: [{ type: "ESModule", path: "worker.mjs", contents: code }],
      compatibilityDate: config.compatibility_date,
      compatibilityFlags: config.compatibility_flags,
      durableObjects: Object.fromEntries(
        config.durable_objects.bindings.map((binding) => [
          binding.name,
          { className: binding.class_name, useSQLite: true },
        ]),
      ),
      serviceBindings: assetsBinding(options.assetsDir),
      resourcePersistencePath: options.stateDir,
      bindings: { ...config.vars, ...options.bindings },
    }),
  );
  const { origin } = await miniflare.ready;
  const worker = await miniflare.getWorker();
  const runCron = () => {
    worker.scheduled({ cron: "* * * * *" }).catch((error: unknown) => options.log(String(error)));
  };
  runCron(); // Catches up at once on what fell due while nothing ran.
  const cron = setInterval(runCron, cronIntervalMs);
  return {
    url: origin,
    async stop() {
      clearInterval(cron);
      await miniflare.dispose();
    },
  };
}

function assetsBinding(path: string | undefined): Record<string, DiskService> {
  return path === undefined ? {} : { ASSETS: { disk: { path, writable: false } } };
}
