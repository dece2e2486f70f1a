import { z } from "zod";
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
const { url } = await runWorker(await bundleWorker(), {
  port: config.PORT,
  stateDir: config.STATE_DIR,
  bindings: config.BINDINGS,
  log: (line) => process.stderr.write(`${line}\n`),
});
process.stdout.write(`${JSON.stringify({ ready: true, url })}\n`);
