import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** A program of ours, started as a user starts it. */
export interface Program {
  child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** The JSON on its first line of stdout. Throws what it wrote on stderr if it exits instead. */
  ready<Line>(): Promise<Line>;
  /** Ends it with SIGTERM if it still runs. */
  stop(): Promise<void>;
}

export function startProgram(
  command: string,
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string } = {},
): Program {
  const child = spawn(command, args, {
    env: { ...process.env, PORT: "0", ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.on("data", (chunk: Buffer) => {
      output[name] += chunk.toString();
    });
  }
  return {
    child,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    async ready<Line>() {
      while (!output.stdout.includes("\n")) {
        const more = once(child.stdout ?? child, "data").then(() => true);
        const ended = once(child, "exit").then(() => false);
        if (!(await Promise.race([more, ended]))) throw new Error(output.stderr);
      }
      return JSON.parse(output.stdout) as Line;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}
