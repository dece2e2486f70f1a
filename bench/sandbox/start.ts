import { fileURLToPath } from "node:url";
import { z } from "zod";
import { type SpawnedProcess, spawnReady } from "../support/spawn-ready.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

const sandboxSchema = z.object({ url: z.string(), webSocketUrl: z.string(), rootKey: z.string() });
export type SandboxAddress = z.infer<typeof sandboxSchema>;

/** The network that all gateways of a bench connect to, in a process of its own. */
export function startSandbox(dataDir: string): Promise<SpawnedProcess<SandboxAddress>> {
  return spawnReady({
    command: process.execPath,
    args: ["sandbox/start.ts", "--json", "--port", "0", "--data", dataDir],
    directory: root,
    env: { LOG_LEVEL: "error" },
    schema: sandboxSchema,
  });
}
