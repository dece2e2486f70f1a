import type { Pool } from "pg";
import type { Pgoutput } from "pg-logical-replication";
import type { Logger } from "pino";
import { type Change, toChange } from "./change.ts";
import { parseLsn } from "./lsn.ts";
import { openReplication, type ReplicationConnection } from "./replication-connection.ts";
import { createSlot, dropSlot, slotIsUsable } from "./slot.ts";

export type CommittedChange = Change & { readonly committedAt: Date };

const publications = ["supabase_realtime_messages_publication", "supabase_realtime"] as const;
const retryDelayMs = 200;
const confirmIntervalMs = 1_000;

/**
 * Delivers everything committed to the published tables, in commit order and exactly once; after a
 * lost connection it continues where it stopped. Resolves when the stream is running.
 */
export async function startChangeStream(options: {
  databaseUrl: string;
  owner: Pool;
  log: Logger;
  onChange: (change: CommittedChange) => void;
}): Promise<{ stop(): Promise<void> }> {
  const { databaseUrl, owner, log, onChange } = options;
  let slot = await createSlot(owner);
  let connection: ReplicationConnection | undefined;
  let stopped = false;
  let retry: NodeJS.Timeout | undefined;
  let handled = slot.start;
  let confirmed = handled;

  const connect = async () => {
    let transaction: Change[] | undefined;
    const onMessage = (message: Pgoutput.Message) => {
      if (message.tag === "begin") {
        transaction = [];
      } else if (message.tag === "commit") {
        const end = parseLsn(message.commitEndLsn ?? "0/0");
        // After a reconnect the server repeats transactions that were not yet confirmed.
        if (end > handled) {
          const committedAt = new Date(Number(message.commitTime) / 1000);
          for (const change of transaction ?? []) onChange({ ...change, committedAt });
          handled = end;
        }
        transaction = undefined;
      } else {
        const change = toChange(message);
        if (change) transaction?.push(change);
      }
    };
    const opened = await openReplication({
      databaseUrl,
      slot: slot.name,
      publications,
      onMessage,
      onKeepalive: (position) => {
        if (transaction === undefined && position > handled) handled = position;
        confirm(true);
      },
      onEnd: (error) => {
        connection = undefined;
        log.warn({ err: error }, "replication connection lost");
        reconnect();
      },
    });
    if (stopped) await opened.close();
    else connection = opened;
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
      resume().catch((error: unknown) => {
        log.warn({ err: error }, "replication reconnect failed");
        reconnect();
      });
    }, retryDelayMs);
  };
  const resume = async () => {
    if (!(await slotIsUsable(owner, slot.name))) {
      slot = await createSlot(owner);
      if (slot.start > handled) handled = slot.start;
    }
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
      await dropSlot(owner, slot.name);
    },
  };
}
