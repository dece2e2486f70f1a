import { join } from "node:path";
import { z } from "zod";
import type { SupervisedProcess } from "../processes/supervised-process.ts";
import { choosePort, startComponent, type StartContext } from "./start-component.ts";

const usualPort = 3100;

const sandboxReady = z.object({
  url: z.string(),
  webSocketUrl: z.string(),
  rootKey: z.string(),
  caCertificateFile: z.string(),
});
export type SandboxReady = z.infer<typeof sandboxReady>;

/** The WhatsApp network that sessions of sk_test_ keys connect to. */
export interface SandboxNetwork {
  /** The HTTP API of the simulated phones; null for a network named by --sandbox-url. */
  url: string | null;
  webSocketUrl: string;
  rootKey: string;
  /** PEM file with the certificate that its media server is trusted by; null: the system's. */
  caCertificateFile: string | null;
  process: SupervisedProcess<SandboxReady> | undefined;
}

/** Starts the sandbox, unless the options name another network or none. */
export async function startSandbox(context: StartContext): Promise<SandboxNetwork | undefined> {
  const { options, report } = context;
  if (options.sandboxUrl !== undefined && options.sandboxRootKey !== undefined) {
    report(`using the sandbox network at ${options.sandboxUrl}`);
    return {
      url: null,
      webSocketUrl: options.sandboxUrl,
      rootKey: options.sandboxRootKey,
      caCertificateFile: options.sandboxCa ?? null,
      process: undefined,
    };
  }
  if (!options.sandbox) return undefined;
  const sandbox = await startComponent(context, {
    ready: sandboxReady,
    name: "sandbox",
    entry: "sandbox/start.ts",
    args: ["--json"],
    port: await choosePort(options, usualPort),
    env: { SANDBOX_DATA: join(context.dataDir, "sandbox") },
  });
  report("sandbox ready");
  return { ...sandbox.ready(), process: sandbox };
}
