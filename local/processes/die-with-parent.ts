/**
 * Preloaded into every child process (`node --import`). When the parent dies, however abruptly,
 * the IPC channel closes and the child stops too, instead of holding its port and leases forever.
 */
process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref();
