import type { Pool } from "pg";
import type { Logger } from "pino";
import { PgOutputDecoder, type Change, type Relation } from "./pgoutput.ts";
import { openReplication, type ReplicationConnection } from "./replication-connection.ts";
import { createSlot, dropSlot, slotIsUsable } from "./slot.ts";

export type CommittedChange = Change & { readonly committedAt: Date };

const publications = ["supabase_realtime_messages_publication", "supabase_realtime"] as const;
const retryDelayMs = 200;
const confirmIntervalMs = 1_000;

/**
 * Everything committed to the published tables, in commit order, once: a broken connection goes on
 * where it stopped. Resolves when the stream is running.
 */
export async function startChangeStream(options: {
  databaseUrl: string;
  owner: Pool;
  log: Logger;
  isWanted: (relation: Relation) => boolean;
  onChange: (change: CommittedChange) => void;
}): Promise<{ stop(): Promise<void> }> {
  const { databaseUrl, owner, log, isWanted, onChange } = options;
  let slot = await createSlot(owner);
  let connection: ReplicationConnection | undefined;
  let stopped = false;
  let retry: NodeJS.Timeout | undefined;
  let handled = 0n;
  let confirmed = 0n;

  const connect = async () => {
    const decoder = new PgOutputDecoder(isWanted);
    let committedAt = new Date(0);
    let transaction: Change[] | undefined;
    connection = await openReplication({
      databaseUrl,
      slot,
      publications,
      handlers: {
        onData: (bytes) => {
          const message = decoder.decode(bytes);
          if (message.kind === "begin") {
            committedAt = message.committedAt;
            transaction = [];
          } else if (message.kind === "change") {
            transaction?.push(message.change);
          } else if (message.kind === "commit") {
            // After a reconnect the server repeats what it does not know to be handled.
            if (message.end > handled) {
              for (const change of transaction ?? []) onChange({ ...change, committedAt });
              handled = message.end;
            }
            transaction = undefined;
          }
        },
        onIdle: (position) => {
          if (transaction === undefined && position > handled) handled = position;
          confirm(true);
        },
        onEnd: (error) => {
          connection = undefined;
          if (!stopped) log.warn({ err: error }, "replication stream lost");
          reconnect();
        },
      },
    });
  };
  const confirm = (always = false) => {
    if (!always && handled === confirmed) return;
    confirmed = handled;
    connection?.confirm(handled);
  };
  const reconnect = () => {
    if (stopped) return;
    clearTimeout(retry);
    retry = setTimeout(() => {
      renew().catch((error: unknown) => {
        log.warn({ err: error }, "replication stream not back yet");
        reconnect();
      });
    }, retryDelayMs);
  };
  const renew = async () => {
    if (!(await slotIsUsable(owner, slot))) slot = await createSlot(owner);
    if (!stopped) await connect();
  };

  await connect();
  const timer = setInterval(confirm, confirmIntervalMs);
  timer.unref();
  return {
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      clearTimeout(retry);
      await connection?.close();
      await dropSlot(owner, slot);
    },
  };
}
