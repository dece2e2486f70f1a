import { join } from "node:path";
import type { Plugin } from "esbuild";
import { cached } from "./bundle-cache.ts";
import { projectRoot, readWranglerConfig } from "./wrangler-config.ts";

const cacheFile = join(projectRoot, "node_modules/.cache/whatsapp-microservice/worker.json");

/** Bundles the Worker into the single module that workerd runs. The bundle is kept between starts. */
export function bundleWorker(): Promise<string> {
  return cached({ file: cacheFile, root: projectRoot }, bundle);
}

async function bundle(): Promise<{ code: string; inputs: string[] }> {
  const { main } = await readWranglerConfig();
  const { build, stop } = await import("esbuild");
  const { outputFiles, metafile } = await build({
    absWorkingDir: projectRoot,
    metafile: true,
    entryPoints: [join(projectRoot, main)],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*", "cloudflare:*"],
    plugins: [nodePrefix],
    logLevel: "silent",
  });
  // esbuild works in a process of its own, which would stay as long as this one.
  await stop();
  return { code: outputFiles[0]?.text ?? "", inputs: Object.keys(metafile.inputs) };
}

/** CommonJS packages import Node's modules without the `node:` prefix, which workerd requires. */
const nodePrefix: Plugin = {
  name: "node-prefix",
  setup(bundle) {
    const filter = /^(assert|buffer|crypto|events|fs|path|stream|util|url|zlib)$/;
    bundle.onResolve({ filter }, ({ path }) => ({ path: `node:${path}`, external: true }));
  },
};
