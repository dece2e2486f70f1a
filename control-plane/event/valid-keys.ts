import { unwrap } from "../database/unwrap.ts";
import type { DatabaseClient } from "../database/connect.ts";

/** The ids of the keys that may be used: not revoked, expired, deleted, or of a suspended tenant. */
export async function validKeys(
  database: DatabaseClient,
  keyIds: Set<string>,
): Promise<Set<string>> {
  return new Set(await unwrap(database.rpc("valid_keys", { key_ids: [...keyIds] })));
}
