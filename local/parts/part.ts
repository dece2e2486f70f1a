import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { z } from "zod";

export interface PartOptions<Ready> {
  name: string;
  /** The entry file, from the project's root. */
  entry: string;
  args?: string[];
  env: Record<string, string>;
  /** The line it prints on stdout once it is ready. */
  ready: z.ZodType<Ready>;
  /** Where the part's log goes; null is this process's stderr. */
  logFile: string | null;
}

/** A part of the product in a process of its own, as it runs in production. */
export interface Part<Ready> {
  readonly ready: Ready;
  readonly exited: Promise<unknown>;
  /** Ends it as an operator would (SIGTERM) and waits; after 20 s it is ended by force. */
  stop(): Promise<void>;
  /** Ends it as a crash would, and waits. */
  kill(): Promise<void>;
  /** Holds it still (SIGSTOP), as a machine that is overloaded or moved does, or lets it go on. */
  hold(still: boolean): void;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const leash = fileURLToPath(new URL("leash.ts", import.meta.url));
const stopTimeoutMs = 20_000;

/**
 * Starts a part and resolves when it has printed its ready line, one line of JSON on stdout.
 * Throws with the end of its log when it ends before.
 */
export async function startPart<Ready>(options: PartOptions<Ready>): Promise<Part<Ready>> {
  const child = spawn(
    process.execPath,
    ["--import", leash, join(root, options.entry), ...(options.args ?? [])],
    {
      // A process group of its own: Ctrl-C is for the starter, which stops the parts in order.
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: { ...inherited(), ...options.env },
    },
  );
  // What a part started itself (workerd) is of its group, and does not outlive it.
  const exited = once(child, "exit").then(() => endGroup(child));
  const lastLines = await writeLog(child, options.logFile);
  const ready = await readyLine(child, options.ready).catch((cause: unknown) => {
    throw new Error(`${options.name} did not start.\n${lastLines()}`, { cause });
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
    hold(still) {
      child.kill(still ? "SIGSTOP" : "SIGCONT");
    },
  };
}

function endGroup(leader: ChildProcess): void {
  if (leader.pid === undefined) return;
  try {
    process.kill(-leader.pid, "SIGKILL");
  } catch {
    // Nobody is left of it.
  }
}

/** Only what a process needs to run: a part's configuration is what it is given, nothing else. */
function inherited(): Record<string, string> {
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
  // Not when it exits: its last words may still be on their way.
  child.once("close", () => {
    if (log !== process.stderr) log.end();
  });
  return () => tail.trim();
}

async function readyLine<Ready>(child: ChildProcess, schema: z.ZodType<Ready>): Promise<Ready> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => reject(new Error(`It ended with ${signal ?? code}.`)));
    if (child.stdout === null) throw new Error("A part is started with a pipe for its stdout.");
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("{")) resolve(schema.parse(JSON.parse(line)));
    });
  });
}
