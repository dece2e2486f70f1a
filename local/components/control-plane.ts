import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { preferPort } from "../port.ts";
import type { RunningProcess } from "../processes/child-process.ts";
import { type SupervisedProcess, superviseProcess } from "../processes/supervised-process.ts";
import { controlPlaneSettings } from "../settings.ts";
import { bundlePages } from "../worker/bundle-pages.ts";
import { bundleWorker } from "../worker/bundle-worker.ts";
import { runWorker, type WorkerOptions } from "../worker/run-worker.ts";
import type { UrlReady } from "./connectors.ts";
import type { SandboxNetwork } from "./sandbox.ts";
import type { StartContext } from "./start-component.ts";
import type { SupabaseProject } from "./supabase.ts";

/** Runs the Worker in workerd, and starts it again at the same address after a crash. */
export async function startControlPlane(
  context: StartContext,
  supabase: SupabaseProject,
  sandbox: SandboxNetwork | undefined,
): Promise<SupervisedProcess<UrlReady>> {
  const bindings: Record<string, string> = {
    ALLOW_PRIVATE_URLS: "true",
    ...controlPlaneSettings(context.settings),
    SUPABASE_URL: supabase.url,
    SUPABASE_KEY: supabase.serviceKey,
    ...(supabase.anonKey === null ? {} : { SUPABASE_ANON_KEY: supabase.anonKey }),
    ...(supabase.jwtSecret === null ? {} : { SUPABASE_JWT_SECRET: supabase.jwtSecret }),
    ...(sandbox?.url ? { SANDBOX_URL: sandbox.url } : {}),
    ADMIN_KEY: context.secrets.adminKey,
    COMMAND_PRIVATE_KEY: context.secrets.commandPrivateKey,
    WEBHOOK_SECRET_KEY: context.secrets.webhookSecretKey,
  };
  const configured = await context.configure("control-plane", bindings);
  const supervised = await superviseProcess<UrlReady>({
    start: (previous) => runControlPlane(context, configured, previous),
    onCrash: () => context.report("control-plane exited unexpectedly; restarting it"),
  });
  context.report("control plane ready");
  return context.stopOnShutdown("control-plane", supervised);
}

async function runControlPlane(
  { options, dataDir }: StartContext,
  bindings: Record<string, string>,
  previous: UrlReady | undefined,
): Promise<RunningProcess<UrlReady>> {
  // Chosen here, because the Worker signs links that begin with its own address.
  const port =
    previous !== undefined ? Number(new URL(previous.url).port) : await preferPort(options.port);
  const log = await openLog(options.json ? null : join(dataDir, "logs", "control-plane.log"));
  // One after the other: each ends the process that esbuild works in.
  const code = await bundleWorker();
  const assetsDir = await bundlePages();
  const worker = await runWorker(code, {
    port,
    assetsDir,
    stateDir: join(dataDir, "durable-objects"),
    bindings: { PUBLIC_URL: `http://127.0.0.1:${port}`, ...bindings },
    ...extraCertificates(process.env["NODE_EXTRA_CA_CERTS"]),
    log: (line) => void log.write(`${line}\n`),
  });
  return {
    ready: { url: worker.url },
    exited: worker.exited,
    stop: () => worker.stop(),
    kill: () => worker.stop(),
    pause: () => worker.signal("SIGSTOP"),
    resume: () => worker.signal("SIGCONT"),
  };
}

function extraCertificates(file: string | undefined): Pick<WorkerOptions, "extraCertificates"> {
  return file === undefined ? {} : { extraCertificates: file };
}

async function openLog(file: string | null): Promise<NodeJS.WritableStream> {
  if (file === null) return process.stderr;
  await mkdir(dirname(file), { recursive: true });
  return createWriteStream(file, { flags: "a" });
}
