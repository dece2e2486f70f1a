import { unwrap } from "../database/unwrap.ts";
import type { DatabaseClient } from "../database/connect.ts";

/** Below the row limit of a REST answer, which is 1,000. */
const pageSize = 500;
const lowestId = "00000000-0000-0000-0000-000000000000";

/** The endpoints of these buckets with events or retries to deliver. */
export async function* findDueEndpoints(database: DatabaseClient, buckets: number[]) {
  for (let after = lowestId; ;) {
    const page = await unwrap(
      database.rpc("find_due_endpoints", { buckets, after_id: after, max_endpoints: pageSize }),
    );
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return;
    after = last.endpoint_id;
  }
}
