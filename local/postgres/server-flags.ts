/** Command-line settings of the server; Realtime reads changes from the logical WAL. */
export function serverFlags(options: { port: number; durable: boolean }): string[] {
  const settings: Record<string, string> = {
    port: String(options.port),
    // Identifies the parent process to a later start.
    cluster_name: `parent-${process.pid}`,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: "120",
    shared_buffers: "128MB",
    wal_level: "logical",
    max_wal_senders: "10",
    max_replication_slots: "10",
    // A crashed Realtime server leaves its slot behind until the next start. Its WAL must not fill
    // the disk.
    max_slot_wal_keep_size: "512MB",
    timezone: "UTC",
    log_timezone: "UTC",
    lc_messages: "C",
    jit: "off",
    ...(options.durable
      ? {}
      : { fsync: "off", full_page_writes: "off", autovacuum_naptime: "5min" }),
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}
