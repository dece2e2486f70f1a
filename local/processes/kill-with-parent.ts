import { type ChildProcess, spawn } from "node:child_process";

/** `read` ends when the pipe does, which is when this process ends, however abruptly. */
const script = `read -r _
kill -KILL "$1"`;

/**
 * Starts a shell that kills the process when this one ends, even by SIGKILL: for a program that does
 * not watch its parent and loses nothing when it is killed.
 */
export function killWithParent(child: ChildProcess): void {
  if (child.pid === undefined) return;
  const watcher = spawn("/bin/sh", ["-c", script, "kill-with-parent", String(child.pid)], {
    // In its own process group, like the process.
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  watcher.on("error", () => {}); // There is no /bin/sh.
  watcher.unref();
  child.once("exit", () => watcher.kill("SIGKILL"));
}
