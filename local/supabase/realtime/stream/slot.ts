import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import { parseLsn } from "./lsn.ts";

const prefix = "supabase_realtime_";
const dropTimeoutMs = 2_000;
const dropPollMs = 10;

export type Slot = {
  readonly name: string;
  /** The WAL position from which the slot delivers changes. */
  readonly start: bigint;
};

/**
 * Creates a replication slot for this server: it retains what is committed while the connection is
 * down. Drops the slots of servers that crashed.
 */
export async function createSlot(owner: Pool): Promise<Slot> {
  await owner.query(
    `select pg_drop_replication_slot(slot_name) from pg_replication_slots
     where starts_with(slot_name, $1) and not active and database = current_database()`,
    [prefix],
  );
  const name = prefix + randomBytes(6).toString("hex");
  const { rows } = await owner.query<{ lsn: string }>(
    "select lsn from pg_create_logical_replication_slot($1, 'pgoutput')",
    [name],
  );
  return { name, start: parseLsn(rows[0]?.lsn ?? "0/0") };
}

/**
 * Drops the slot of a connection that was closed. PostgreSQL may notice that only after a moment; if
 * it takes too long, the next start drops the slot.
 */
export async function dropSlot(owner: Pool, name: string): Promise<void> {
  const deadline = performance.now() + dropTimeoutMs;
  do {
    const { rowCount } = await owner.query(
      `select case when not active then pg_drop_replication_slot(slot_name) end
       from pg_replication_slots where slot_name = $1`,
      [name],
    );
    if (rowCount === 0) return; // It is gone.
    await sleep(dropPollMs);
  } while (performance.now() < deadline);
}

/** False if the slot is gone, or fell so far behind that its WAL was removed. */
export async function slotIsUsable(owner: Pool, name: string): Promise<boolean> {
  const { rows } = await owner.query<{ usable: boolean }>(
    `select wal_status <> 'lost' as usable from pg_replication_slots where slot_name = $1`,
    [name],
  );
  return rows[0]?.usable === true;
}
