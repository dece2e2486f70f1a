import { z } from "zod";
import { preferPort } from "../port.ts";
import { bundleConsole } from "./bundle-console.ts";
import { bundleWorker } from "./bundle-worker.ts";
import { runWorker } from "./run-worker.ts";

const configSchema = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535),
  /** Directory where Durable Objects store their state. */
  STATE_DIR: z.string().min(1),
  /** The Worker's variables and secrets, as JSON. */
  BINDINGS: z
    .string()
    .transform((json) => z.record(z.string(), z.string()).parse(JSON.parse(json))),
});

const config = configSchema.parse(process.env);
// Chosen here, because the Worker signs links that begin with its own address.
const port = config.PORT === 0 ? await preferPort(0) : config.PORT;
// One after the other: each ends the process that esbuild works in.
const code = await bundleWorker();
const assetsDir = await bundleConsole();
const { url } = await runWorker(code, {
  port,
  assetsDir,
  stateDir: config.STATE_DIR,
  bindings: { PUBLIC_URL: `http://127.0.0.1:${port}`, ...config.BINDINGS },
  log: (line) => process.stderr.write(`${line}\n`),
});
process.stdout.write(`${JSON.stringify({ ready: true, url })}\n`);
