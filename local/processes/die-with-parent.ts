/**
 * Preloaded into every child process (`node --import`). When the parent dies, however abruptly,
 * the IPC channel closes and the child stops too, instead of holding its port and leases forever.
 * A shutdown that waits for something that died with the parent is cut short.
 */
const shutdownTimeoutMs = 10_000;

process.on("disconnect", () => {
  setTimeout(() => process.kill(process.pid, "SIGKILL"), shutdownTimeoutMs).unref();
  process.kill(process.pid, "SIGTERM");
});
process.channel?.unref();
