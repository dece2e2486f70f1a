import { randomBytes } from "node:crypto";
import type { Pool } from "pg";

const prefix = "supabase_realtime_";

/**
 * A replication slot for this server: what is committed while the connection is broken waits in
 * it. Slots that servers left behind by crashing are dropped.
 */
export async function createSlot(owner: Pool): Promise<string> {
  await owner.query(
    `select pg_drop_replication_slot(slot_name) from pg_replication_slots
     where starts_with(slot_name, $1) and not active and database = current_database()`,
    [prefix],
  );
  const name = prefix + randomBytes(6).toString("hex");
  await owner.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [name]);
  return name;
}

/** Drops the slot unless it is in use or gone already. */
export async function dropSlot(owner: Pool, name: string): Promise<void> {
  await owner.query(
    `select pg_drop_replication_slot(slot_name) from pg_replication_slots
     where slot_name = $1 and not active`,
    [name],
  );
}

export async function slotIsUsable(owner: Pool, name: string): Promise<boolean> {
  const { rows } = await owner.query<{ usable: boolean }>(
    `select wal_status <> 'lost' as usable from pg_replication_slots where slot_name = $1`,
    [name],
  );
  return rows[0]?.usable === true;
}
