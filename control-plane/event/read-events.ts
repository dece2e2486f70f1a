import type { Event } from "../../shared/event.ts";
import { dataOf } from "../database/answer.ts";
import type { DatabaseClient } from "../database/connect.ts";

export async function readEvents(
  database: DatabaseClient,
  page: { tenantId: string; after: number; limit: number },
): Promise<Event[]> {
  return dataOf(
    await database
      .from("event_resources")
      .select()
      .eq("tenant_id", page.tenantId)
      .gt("seq", page.after)
      .order("seq")
      .limit(page.limit),
  );
}

/** The number of the last event of each of these tenants that has one. */
export async function readHeads(
  database: DatabaseClient,
  tenantIds: string[],
): Promise<Map<string, number>> {
  const heads = dataOf(await database.rpc("event_heads", { tenant_ids: tenantIds }));
  return new Map(heads.map((head) => [head.tenant_id, head.last_seq]));
}
