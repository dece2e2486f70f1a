import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { chown, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Logger } from "pino";
import { type Binaries, locateBinaries } from "./binaries.ts";
import { preferPort } from "../port.ts";
import { clearStaleServer } from "./stale-server.ts";
import { serverFlags } from "./server-flags.ts";
import { stopWithParent } from "./stop-with-parent.ts";
import { launchAs, unprivilegedUser, type UserIds } from "./unprivileged-user.ts";

export type PostgresOptions = {
  readonly dataDir: string;
  /** 0 picks a free port; any other must be free. */
  readonly port: number;
  readonly log: Logger;
  /** False trades crash safety for speed, for temporary data. Default true. */
  readonly durable?: boolean;
  /** Of the user postgres; it must be the one that the cluster was created with. */
  readonly password: string;
  /** Of another version of PostgreSQL than the one that is installed with the product. */
  readonly binaries?: Binaries;
};

export type RunningPostgres = {
  readonly databaseUrl: string;
  readonly port: number;
  readonly exited: Promise<unknown>;
  /** Stops it in an orderly way; waits for the exit. */
  stop(): Promise<void>;
  /** Sends a signal to the postmaster, to simulate a fault. */
  kill(signal: NodeJS.Signals): void;
};

const stopTimeoutMs = 10_000;

/** Starts PostgreSQL on `dataDir`, and creates the cluster first if the directory is empty. */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { log, durable = true, password } = options;
  const dataDir = resolve(options.dataDir);
  const user = await unprivilegedUser();
  const binaries = options.binaries ?? (await locateBinaries({ forAnyUser: user !== undefined }));
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  if (user) await chown(dataDir, user.uid, user.gid);
  const existing = await readdir(dataDir);
  if (existing.includes("PG_VERSION")) await clearStaleServer(dataDir);
  else await createCluster({ binaries, dataDir, password, user });

  const port = options.port === 0 ? await preferPort(0) : options.port;
  // In its own process group (detached), so that Ctrl-C reaches only the parent, which stops this
  // server last.
  const launch = await launchAs(user, {
    command: binaries.postgres,
    args: ["-D", dataDir, ...serverFlags({ port, durable })],
    paths: [binaries.postgres, dataDir],
  });
  const server = spawn(launch.command, launch.args, {
    ...launch.options,
    cwd: dataDir,
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, LC_MESSAGES: "C" },
  });
  const exited = once(server, "exit");
  exited.catch(() => {}); // It could not be started, which waitUntilReady reports.
  stopWithParent(server);
  await waitUntilReady(server, { dataDir, log });
  return {
    databaseUrl: `postgresql://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`,
    port,
    exited,
    stop: () => stop(server),
    kill: (signal) => void server.kill(signal),
  };
}

async function createCluster(input: {
  binaries: Binaries;
  dataDir: string;
  password: string;
  user: UserIds | undefined;
}): Promise<void> {
  const passwordFile = join(tmpdir(), `initdb-${randomUUID()}`);
  await writeFile(passwordFile, `${input.password}\n`, { mode: 0o600 });
  if (input.user) await chown(passwordFile, input.user.uid, input.user.gid);
  try {
    const { command, args, options } = await launchAs(input.user, {
      command: input.binaries.initdb,
      args: [
        `--pgdata=${input.dataDir}`,
        "--username=postgres",
        `--pwfile=${passwordFile}`,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        ...input.binaries.localeFlags,
        "--no-sync",
      ],
      paths: [input.binaries.initdb, input.dataDir],
    });
    const child = spawn(command, args, {
      ...options,
      cwd: input.dataDir,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let errorOutput = "";
    child.stderr.on("data", (chunk: Buffer) => (errorOutput += chunk.toString()));
    const [code] = await exitOf(child);
    if (code !== 0) throw new Error(explain("initdb failed", errorOutput, input.dataDir));
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function waitUntilReady(server: ChildProcess, context: { dataDir: string; log: Logger }) {
  let output = "";
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    // Has no effect once the promise is resolved.
    server.once("exit", () =>
      reject(new Error(explain("PostgreSQL did not start", output, context.dataDir))),
    );
    server.stderr?.on("data", (chunk: Buffer) => {
      const text = chunk.toString();
      context.log.debug({ postgres: text.trim() }, "postgres");
      if (output.length < 20_000) output += text;
      if (text.includes("ready to accept connections")) resolve();
    });
  });
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, "exit");
  server.kill("SIGINT");
  const forced = setTimeout(() => server.kill("SIGQUIT"), stopTimeoutMs);
  await exited;
  clearTimeout(forced);
}

async function exitOf(child: ChildProcess): Promise<readonly [number | null]> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve([code]));
  });
}

function explain(what: string, output: string, dataDir: string): string {
  const hint = /permission denied|could not access/i.test(output)
    ? ` The user postgres cannot access ${dataDir}: run as a user other than root, or move the project out of root's home.`
    : "";
  return `${what}.${hint}\n${output.trim()}`;
}
