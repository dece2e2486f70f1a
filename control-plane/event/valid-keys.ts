import { unwrap } from "../database/unwrap.ts";
import type { DatabaseClient } from "../database/connect.ts";

/** Keeps the URL of one query below its length limit. */
const idsPerQuery = 100;

/** The ids of the keys that are neither revoked nor expired nor deleted. */
export async function validKeys(
  database: DatabaseClient,
  keyIds: Set<string>,
  now: number,
): Promise<Set<string>> {
  const ids = [...keyIds];
  const valid = new Set<string>();
  for (let start = 0; start < ids.length; start += idsPerQuery) {
    const keys = await unwrap(
      database
        .from("api_keys")
        .select("id,expires_at")
        .in("id", ids.slice(start, start + idsPerQuery))
        .is("revoked_at", null),
    );
    for (const { id, expires_at } of keys) {
      if (expires_at === null || Date.parse(expires_at) > now) valid.add(id);
    }
  }
  return valid;
}
