import { LogicalReplicationService, type Pgoutput, PgoutputPlugin } from "pg-logical-replication";
import { formatLsn, parseLsn } from "./lsn.ts";

export type ReplicationConnection = {
  /** Reports to the server that everything before this WAL position has been handled. */
  confirm(position: bigint): void;
  close(): Promise<void>;
};

/** Streams a logical replication slot over its own connection. Resolves when streaming starts. */
export async function openReplication(input: {
  databaseUrl: string;
  slot: string;
  publications: readonly string[];
  onMessage: (message: Pgoutput.Message) => void;
  /** Called with the server's position whenever it has nothing more to send. */
  onKeepalive: (position: bigint) => void;
  /** Called once when the connection is lost, but not after close(). */
  onEnd: (error: unknown) => void;
}): Promise<ReplicationConnection> {
  const service = new LogicalReplicationService(
    { connectionString: input.databaseUrl, application_name: "supabase realtime" },
    // The automatic acknowledgement confirms changes before their transaction has been handled.
    { acknowledge: { auto: false, timeoutSeconds: 0 } },
  );
  const plugin = new PgoutputPlugin({
    protoVersion: 1,
    publicationNames: [...input.publications],
  });
  service.on("data", (_lsn, message: Pgoutput.Message) => {
    if (message.tag === "relation") keepText(message);
    input.onMessage(message);
  });
  service.on("heartbeat", (lsn) => input.onKeepalive(parseLsn(lsn)));
  service.on("error", () => {}); // subscribe() rejects with the same error.

  let closed = false;
  const started = new Promise<void>((resolve) => {
    service.on("start", () => resolve());
  });
  const ended = service.subscribe(plugin, input.slot);
  try {
    await Promise.race([started, ended]);
  } catch (error) {
    await service.destroy();
    throw error;
  }
  void Promise.allSettled([ended]).then(async ([result]) => {
    if (closed) return;
    closed = true;
    await service.destroy();
    input.onEnd(result.status === "rejected" ? result.reason : undefined);
  });
  return {
    confirm: (position) => {
      if (closed) return;
      // acknowledge() adds one, because it expects the position of the last byte. Without the
      // correction the server would skip a commit that starts exactly at `position`.
      void service.acknowledge(formatLsn(position - 1n)); // A failed write ends the connection.
    },
    close: async () => {
      closed = true;
      await service.destroy();
    },
  };
}

/** Leaves values as PostgreSQL prints them: a Date, for one, would lose the microseconds. */
function keepText(relation: Pgoutput.MessageRelation): void {
  for (const column of relation.columns) column.parser = (text: string) => text;
}
