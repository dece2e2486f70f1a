import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { z } from "zod";

const stopTimeoutMs = 30_000;

export interface SpawnedProcess<Ready> {
  pid: number;
  ready: Ready;
  /** From the start of the command to its ready line. */
  startSeconds: number;
  /** Interrupts the process as Ctrl-C does and waits until it has exited. */
  stop(): Promise<void>;
}

/** Starts a command and waits for its ready line, one line of JSON on stdout. */
export async function spawnReady<Ready>(input: {
  command: string;
  args: string[];
  directory: string;
  env?: Record<string, string>;
  schema: z.ZodType<Ready>;
}): Promise<SpawnedProcess<Ready>> {
  const startedAt = performance.now();
  const child = spawn(input.command, input.args, {
    cwd: input.directory,
    env: { ...process.env, ...input.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-4000);
  });
  const ready = await new Promise<Ready>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) =>
      reject(new Error(`${input.args.join(" ")} exited with ${code} before it was ready.\n${log}`)),
    );
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("{")) resolve(input.schema.parse(JSON.parse(line)));
    });
  });
  return {
    pid: child.pid ?? 0,
    ready,
    startSeconds: (performance.now() - startedAt) / 1000,
    async stop() {
      child.kill("SIGINT");
      const forced = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
      await exited;
      clearTimeout(forced);
    },
  };
}
