import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "smol-toml";
import { z } from "zod";

export const projectRoot = fileURLToPath(new URL("../../", import.meta.url));

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

/** Reads the settings to run with from wrangler.toml, the file that also deploys the Worker. */
export async function readWranglerConfig(): Promise<z.infer<typeof wranglerSchema>> {
  return wranglerSchema.parse(parse(await readFile(join(projectRoot, "wrangler.toml"), "utf8")));
}
