import { dataOf } from "../database/answer.ts";
import type { DatabaseClient } from "../database/connect.ts";

/** As many ids as the URL of one query takes. */
const idsPerQuery = 100;

/** Those of these API keys that still let their holder in. */
export async function validKeys(
  database: DatabaseClient,
  keyIds: Set<string>,
  now: number,
): Promise<Set<string>> {
  const ids = [...keyIds];
  const valid = new Set<string>();
  for (let start = 0; start < ids.length; start += idsPerQuery) {
    const keys = dataOf(
      await database
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
