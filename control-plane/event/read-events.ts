import type { Event } from "../../shared/event.ts";
import { unwrap } from "../database/unwrap.ts";
import type { DatabaseClient } from "../database/connect.ts";

export async function readEvents(
  database: DatabaseClient,
  page: { tenantId: string; after: number; limit: number },
): Promise<Event[]> {
  return await unwrap(
    database
      .from("event_resources")
      .select()
      .eq("tenant_id", page.tenantId)
      .gt("seq", page.after)
      .order("seq")
      .limit(page.limit),
  );
}

/** The seq of the last event of each tenant; tenants without events are missing. */
export async function readHeads(
  database: DatabaseClient,
  tenantIds: string[],
): Promise<Map<string, number>> {
  const heads = await unwrap(database.rpc("event_heads", { tenant_ids: tenantIds }));
  return new Map(heads.map((head) => [head.tenant_id, head.last_seq]));
}
