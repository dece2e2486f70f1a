/**
 * Preloaded into every part (`node --import`): when the starter dies without a word, its parts
 * end too instead of holding ports and leases for ever.
 */
process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref();
