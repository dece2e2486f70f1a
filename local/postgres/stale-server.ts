import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const stopTimeoutMs = 15_000;

/**
 * Cleans up after a crash: removes a lock file whose process is gone or is now another program, and
 * stops a server whose parent process died.
 * @throws when the server's parent process is still running.
 */
export async function clearStaleServer(dataDir: string): Promise<void> {
  const lockFile = join(dataDir, "postmaster.pid");
  const lock = await readFile(lockFile, "utf8").catch(() => undefined);
  if (lock === undefined) return;
  const pid = Number(lock.split("\n", 1)[0]);
  const owner = await describeProcess(pid);
  if (!owner?.command.includes("postgres") || !owner.command.includes(dataDir)) {
    await rm(lockFile, { force: true });
    return;
  }
  // A server whose parent died was given another parent process.
  if (String(owner.parent) === /cluster_name=parent-(\d+)/.exec(owner.command)?.[1]) {
    throw new Error(`PostgreSQL is already running on ${dataDir} (process ${pid}). Stop it first.`);
  }
  process.kill(pid, "SIGINT");
  const deadline = Date.now() + stopTimeoutMs;
  while (await describeProcess(pid)) {
    if (Date.now() > deadline)
      throw new Error(
        `The orphaned PostgreSQL process ${pid} does not stop. Kill it, then start again.`,
      );
    await sleep(25);
  }
}

async function describeProcess(
  pid: number,
): Promise<{ command: string; parent: number } | undefined> {
  try {
    if (process.platform === "linux") {
      const [command, status] = await Promise.all([
        readFile(`/proc/${pid}/cmdline`, "utf8"),
        readFile(`/proc/${pid}/status`, "utf8"),
      ]);
      if (/^State:\s+Z/m.test(status)) return undefined;
      return {
        command: command.replaceAll("\0", " "),
        parent: Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]),
      };
    }
    const { stdout } = await run("ps", ["-o", "ppid=,command=", "-p", String(pid)]);
    const [parent, ...command] = stdout.trim().split(/\s+/);
    return { command: command.join(" "), parent: Number(parent) };
  } catch {
    return undefined;
  }
}
