import { join } from "node:path";
import { z } from "zod";
import { choosePort, type Context, keep } from "./context.ts";
import type { KeptPart } from "./kept-part.ts";

const usualPort = 3100;

const sandboxReady = z.object({ url: z.string(), webSocketUrl: z.string(), rootKey: z.string() });
export type SandboxReady = z.infer<typeof sandboxReady>;

/** The network of sk_test_ keys. */
export interface Network {
  /** The phones' HTTP API; another network may have none. */
  url: string | null;
  webSocketUrl: string;
  rootKey: string;
  part: KeptPart<SandboxReady> | undefined;
}

/** The sandbox, another network that is named, or none. */
export async function startNetwork(context: Context): Promise<Network | undefined> {
  const { options, report } = context;
  if (options.sandboxUrl !== undefined && options.sandboxRootKey !== undefined) {
    report(`network at ${options.sandboxUrl}`);
    return {
      url: null,
      webSocketUrl: options.sandboxUrl,
      rootKey: options.sandboxRootKey,
      part: undefined,
    };
  }
  if (!options.sandbox) return undefined;
  const part = await keep(context, {
    ready: sandboxReady,
    name: "sandbox",
    entry: "sandbox/start.ts",
    args: ["--json"],
    port: await choosePort(options, usualPort),
    env: { SANDBOX_DATA: join(context.dataDir, "sandbox") },
  });
  report("sandbox network ready");
  return { ...part.ready(), part };
}
