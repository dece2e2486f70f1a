/** Command line settings of the server; logical WAL is what Realtime reads changes from. */
export function serverFlags(options: { port: number; durable: boolean }): string[] {
  const settings: Record<string, string> = {
    port: String(options.port),
    // Tells a later start who started this server.
    cluster_name: `starter-${process.pid}`,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: "120",
    shared_buffers: "128MB",
    wal_level: "logical",
    max_wal_senders: "10",
    max_replication_slots: "10",
    // A Realtime server that died keeps its slot until the next start: it may not fill the disk.
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
