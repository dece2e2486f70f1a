import { type ChildProcess, spawn } from "node:child_process";

/**
 * `read` ends when the pipe does, which is when this process ends, however abruptly. A fast shutdown
 * that takes too long is followed by an immediate one.
 */
const script = `read -r _
kill -INT "$1"
for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 1; kill -0 "$1" || exit; done
kill -QUIT "$1"`;

/** Starts a shell that shuts the server down when this process ends, even by SIGKILL. */
export function stopWithParent(server: ChildProcess): void {
  if (server.pid === undefined) return;
  const watcher = spawn("/bin/sh", ["-c", script, "stop-with-parent", String(server.pid)], {
    // In its own process group, like the server.
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  watcher.on("error", () => {}); // Without /bin/sh, the next start stops the orphaned server.
  watcher.unref();
  server.once("exit", () => watcher.kill("SIGKILL"));
}
