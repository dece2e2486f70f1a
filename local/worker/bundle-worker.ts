import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { projectRoot, readWranglerConfig } from "./wrangler-config.ts";

/** Bundles the Worker into the single module that workerd runs. */
export async function bundleWorker(): Promise<string> {
  const { main } = await readWranglerConfig();
  const { outputFiles } = await build({
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
  return outputFiles[0]?.text ?? "";
}

/** CommonJS packages import Node's modules without the `node:` prefix, which workerd requires. */
const nodePrefix: Plugin = {
  name: "node-prefix",
  setup(bundle) {
    const filter = /^(assert|buffer|crypto|events|fs|path|stream|util|url|zlib)$/;
    bundle.onResolve({ filter }, ({ path }) => ({ path: `node:${path}`, external: true }));
  },
};
