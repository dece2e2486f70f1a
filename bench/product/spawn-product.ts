import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { SandboxAddress } from "../sandbox/start.ts";
import { type SpawnedProcess, spawnReady } from "../support/spawn-ready.ts";

/** The project that this bench belongs to. */
export const ownDirectory = fileURLToPath(new URL("../..", import.meta.url));

/** What the bench uses of the line that `npm start -- --json` prints. */
const addressesSchema = z.object({
  apiUrl: z.string(),
  adminKey: z.string(),
  tenantId: z.string(),
  apiKey: z.string(),
  supabaseUrl: z.string(),
  supabaseAnonKey: z.string().nullable(),
  supabaseServiceKey: z.string(),
  databaseUrl: z.string(),
  sandboxUrl: z.string().nullable(),
  connectorUrls: z.array(z.string()),
});
export type ProductAddresses = z.infer<typeof addressesSchema>;

/** Runs `npm start` in a checkout, with durable data. Without a sandbox it starts its own. */
export function spawnProduct(input: {
  directory: string;
  dataDir: string;
  sandbox?: SandboxAddress;
}): Promise<SpawnedProcess<ProductAddresses>> {
  const { directory, dataDir, sandbox } = input;
  const args = ["start", "--silent", "--", "--json", "--data", dataDir];
  if (sandbox !== undefined) {
    args.push("--sandbox-url", sandbox.webSocketUrl, "--sandbox-root-key", sandbox.rootKey);
  }
  return spawnReady({
    command: "npm",
    args,
    directory,
    env: { PORT: "0" },
    schema: addressesSchema,
  });
}
