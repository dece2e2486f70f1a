import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { z } from "zod";
import { killWithParent } from "../processes/kill-with-parent.ts";
import { environmentName, workerdConfig } from "./workerd-config.ts";
import { readWranglerConfig } from "./wrangler-config.ts";

const require = createRequire(import.meta.url);
const cronIntervalMs = 60_000;

export interface WorkerOptions {
  port: number;
  /** Directory where Durable Objects store their state. */
  stateDir: string;
  /** Directory of the files that the binding ASSETS serves; without it there is no such binding. */
  assetsDir?: string;
  bindings: Record<string, string>;
  /** A PEM file with certificates to trust in addition to the usual ones. */
  extraCertificates?: string;
  log: (line: string) => void;
}

export interface RunningWorker {
  url: string;
  exited: Promise<unknown>;
  /** Ends workerd at once: what a Durable Object has stored is on disk. */
  stop(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
}

/** Runs the Worker in workerd on loopback, including its cron trigger. */
export async function runWorker(code: string, options: WorkerOptions): Promise<RunningWorker> {
  const wrangler = await readWranglerConfig();
  const bindings = { ...wrangler.vars, ...options.bindings };
  const objectsDir = join(options.stateDir, "objects");
  await mkdir(objectsDir, { recursive: true });
  await writeFile(join(options.stateDir, "worker.mjs"), code);
  const configFile = join(options.stateDir, "workerd.capnp");
  await writeFile(
    configFile,
    workerdConfig({
      wrangler,
      port: options.port,
      objectsDir,
      assetsDir: options.assetsDir,
      variables: Object.keys(bindings),
      certificates: await readCertificates(options.extraCertificates),
    }),
  );
  const server = spawn(workerdPath(), ["serve", "--experimental", "--control-fd=3", configFile], {
    // In its own process group, so that Ctrl-C reaches only the parent, which stops this one.
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    // The values are secrets, which do not belong into a file.
    env: Object.fromEntries(
      Object.entries(bindings).map(([name, value]) => [environmentName(name), value]),
    ),
  });
  const exited = once(server, "exit");
  exited.catch(() => {}); // It could not be started, which listening() reports.
  killWithParent(server);
  passLog(server, options.log);
  const ports = await listening(server);
  const stopCron = startCron(`http://127.0.0.1:${ports.cron}/`, options.log);
  void exited.finally(stopCron).catch(() => {});
  return {
    url: `http://127.0.0.1:${ports.http}`,
    exited,
    signal: (signal) => void server.kill(signal),
    async stop() {
      if (server.exitCode !== null || server.signalCode !== null) return;
      server.kill("SIGKILL");
      await exited;
    },
  };
}

/** The program of this platform, which the package "workerd" names; it has no types. */
function workerdPath(): string {
  return z.object({ default: z.string() }).parse(require("workerd")).default;
}

async function readCertificates(file: string | undefined): Promise<string[]> {
  if (file === undefined) return [];
  const pem = await readFile(file, "utf8");
  return pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
}

const eventSchema = z.object({ event: z.string(), socket: z.string(), port: z.number() });

/** Waits until both sockets listen; rejects with the log if workerd exits first. */
function listening(server: ChildProcess): Promise<{ http: number; cron: number }> {
  const control = server.stdio[3];
  if (!(control instanceof Readable)) throw new Error("workerd has no control pipe.");
  let output = "";
  server.stderr?.on("data", (chunk: Buffer) => {
    if (output.length < 20_000) output += chunk.toString();
  });
  const ports = new Map<string, number>();
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("close", () => reject(new Error(`workerd did not start.\n${output.trim()}`)));
    createInterface({ input: control }).on("line", (line) => {
      const event = eventSchema.safeParse(JSON.parse(line));
      if (!event.success) return;
      ports.set(event.data.socket, event.data.port);
      const [http, cron] = [ports.get("http"), ports.get("cron")];
      if (http !== undefined && cron !== undefined) resolve({ http, cron });
    });
  });
}

const logSchema = z.object({ message: z.string() });

function passLog(server: ChildProcess, log: (line: string) => void): void {
  for (const input of [server.stdout, server.stderr]) {
    if (input === null) continue;
    createInterface({ input }).on("line", (line) => log(messageOf(line)));
  }
}

/** The text that the Worker logged, or a line of workerd itself. */
function messageOf(line: string): string {
  try {
    return logSchema.parse(JSON.parse(line)).message;
  } catch {
    return line;
  }
}

/** Runs the cron trigger now, to catch up on what fell due while nothing ran, and every minute. */
function startCron(url: string, log: (line: string) => void): () => void {
  const stopped = new AbortController();
  const run = () => {
    fetch(url, { signal: stopped.signal })
      .then(async (response) => {
        const outcome = await response.text();
        if (!response.ok) log(`The cron trigger ended with: ${outcome}`);
      })
      .catch((error: unknown) => {
        if (!stopped.signal.aborted) log(String(error));
      });
  };
  run();
  const timer = setInterval(run, cronIntervalMs);
  return () => {
    clearInterval(timer);
    stopped.abort();
  };
}
