import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { z } from "zod";
import { CannotStart } from "../cannot-start.ts";

export interface ChildProcessOptions<Ready> {
  name: string;
  /** The entry file, relative to the project root. */
  entry: string;
  args?: string[];
  /** Options of Node itself. */
  nodeOptions?: string[];
  env: Record<string, string>;
  /** The JSON line that the process prints on stdout once it is ready. */
  ready: z.ZodType<Ready>;
  /** Where the process's stderr is written; null means this process's stderr. */
  logFile: string | null;
}

/** A component of the product running in its own process, as it does in production. */
export interface RunningProcess<Ready> {
  /** The parsed ready line. */
  readonly ready: Ready;
  readonly exited: Promise<unknown>;
  /** Sends SIGTERM and waits for the exit; sends SIGKILL after 20 s. */
  stop(): Promise<void>;
  /** Sends SIGKILL, to simulate a crash, and waits for the exit. */
  kill(): Promise<void>;
  /** Freezes the process (SIGSTOP), to simulate an overloaded or migrated machine. */
  pause(): void;
  /** Resumes a paused process (SIGCONT). */
  resume(): void;
}

const projectRoot = fileURLToPath(new URL("../../", import.meta.url));
const dieWithParent = fileURLToPath(new URL("die-with-parent.ts", import.meta.url));
const stopTimeoutMs = 20_000;

/** Node keeps what it compiled, and the types it stripped, between starts. */
const compileCache = join(projectRoot, "node_modules/.cache/node-compile");

/**
 * Starts a child process and resolves once it has printed its ready line: one line of JSON on
 * stdout.
 * @throws CannotStart with the end of its log, if it exits first
 */
export async function startChildProcess<Ready>(
  options: ChildProcessOptions<Ready>,
): Promise<RunningProcess<Ready>> {
  const child = spawn(
    process.execPath,
    [
      ...(options.nodeOptions ?? []),
      "--import",
      dieWithParent,
      join(projectRoot, options.entry),
      ...(options.args ?? []),
    ],
    {
      // In its own process group, so that Ctrl-C reaches only the parent, which stops its
      // children in order.
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: { ...inheritedEnv(), NODE_COMPILE_CACHE: compileCache, ...options.env },
    },
  );
  // Processes that the child started itself (workerd) are in its group and must not outlive it.
  const exited = once(child, "exit").then(() => killProcessGroup(child));
  const lastLines = await writeLog(child, options.logFile);
  const ready = await readyLine(child, options.ready).catch((cause: unknown) => {
    throw new CannotStart(`${options.name} did not start.\n${lastLines()}`, { cause });
  });
  return {
    ready,
    exited,
    async stop() {
      child.kill("SIGTERM");
      const forced = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
      await exited;
      clearTimeout(forced);
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
    pause() {
      child.kill("SIGSTOP");
    },
    resume() {
      child.kill("SIGCONT");
    },
  };
}

function killProcessGroup(leader: ChildProcess): void {
  if (leader.pid === undefined) return;
  try {
    process.kill(-leader.pid, "SIGKILL");
  } catch {
    // The group is already empty.
  }
}

/**
 * Passes on only what any process needs to run. Everything else a child is configured with comes
 * from `options.env`, so that stray variables of the shell cannot change its behaviour.
 */
function inheritedEnv(): Record<string, string> {
  const names = ["PATH", "HOME", "TMPDIR", "NODE_EXTRA_CA_CERTS", "LOG_LEVEL"];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

async function writeLog(child: ChildProcess, file: string | null): Promise<() => string> {
  if (file !== null) await mkdir(dirname(file), { recursive: true });
  const log = file === null ? process.stderr : createWriteStream(file, { flags: "a" });
  let tail = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    log.write(chunk);
    tail = (tail + chunk.toString()).slice(-4000);
  });
  // On "close" rather than "exit": output may still arrive after the exit.
  child.once("close", () => {
    if (log !== process.stderr) log.end();
  });
  return () => tail.trim();
}

async function readyLine<Ready>(child: ChildProcess, schema: z.ZodType<Ready>): Promise<Ready> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) =>
      reject(new Error(`It exited with ${signal ?? `code ${code}`} before it was ready.`)),
    );
    if (child.stdout === null) throw new Error("The child process has no stdout pipe.");
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("{")) resolve(schema.parse(JSON.parse(line)));
    });
  });
}
