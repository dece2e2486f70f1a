import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare, NoOpLog } from "miniflare";
import { parse } from "smol-toml";
import { z } from "zod";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const cronIntervalMs = 60_000;

/** What is read of wrangler.toml: the same file that deploys the Worker. */
const wranglerSchema = z.object({
  name: z.string(),
  main: z.string(),
  compatibility_date: z.string(),
  compatibility_flags: z.array(z.string()),
  durable_objects: z.object({
    bindings: z.array(z.object({ name: z.string(), class_name: z.string() })),
  }),
  vars: z.record(z.string(), z.string()).default({}),
});

export interface WorkerOptions {
  port: number;
  /** Where Durable Objects keep their state. */
  stateDir: string;
  bindings: Record<string, string>;
  log(line: string): void;
}

/** The Worker's code as one module: what workerd runs. */
export async function bundleWorker(): Promise<string> {
  const { main } = await readWranglerConfig();
  const { outputFiles } = await build({
    entryPoints: [join(root, main)],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*", "cloudflare:*"],
    // CommonJS packages ask for Node's modules without the prefix.
    plugins: [nodePrefix],
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}

/** Runs the Worker in workerd on loopback, its cron included, until it is stopped. */
export async function startWorker(
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
      durableObjectsPersist: options.stateDir,
      bindings: { ...config.vars, ...options.bindings },
    }),
  );
  const url = (await miniflare.ready).origin;
  const worker = await miniflare.getWorker();
  const cron = setInterval(() => {
    worker.scheduled({ cron: "* * * * *" }).catch((error: unknown) => options.log(String(error)));
  }, cronIntervalMs);
  return {
    url,
    async stop() {
      clearInterval(cron);
      await miniflare.dispose();
    },
  };
}

async function readWranglerConfig() {
  return wranglerSchema.parse(parse(await readFile(join(root, "wrangler.toml"), "utf8")));
}

const nodeModules = /^(assert|buffer|crypto|events|fs|path|stream|util|url|zlib)$/;
const nodePrefix: NonNullable<Parameters<typeof build>[0]["plugins"]>[number] = {
  name: "node-prefix",
  setup(bundle) {
    bundle.onResolve({ filter: nodeModules }, ({ path }) => ({
      path: `node:${path}`,
      external: true,
    }));
  },
};
