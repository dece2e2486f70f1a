/**
 * Preloaded into every child process (`node --import`). When the parent dies, however abruptly,
 * the IPC channel closes and the child stops too, instead of holding its port and leases forever.
 */
import { Worker } from "node:worker_threads";

process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref();

// The main thread may be blocked just then, by a log that nobody reads any more, or its shutdown may
// wait for something that died with the parent. A thread of its own ends the process after 10 s.
const watchdog = `
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    setTimeout(() => process.kill(process.pid, "SIGKILL"), 10_000);
  }, 500);
`;
// Without execArgv the thread would preload this file, and start a thread, and so on.
new Worker(watchdog, { eval: true, execArgv: [], stdin: false }).unref();
