import type { DatabaseClient } from "../database/connect.ts";
import { unwrapFirst } from "../database/unwrap.ts";
import type { Caller } from "../http/app-env.ts";
import { hashKey } from "./hash-key.ts";
import type { KeyCache } from "./key-cache.ts";

const keyPattern = /^sk_(live|test)_[A-Za-z0-9_-]{8,200}$/;

/** The caller that a key belongs to; undefined when the key is unknown, revoked or expired. */
export async function authenticate(
  key: string,
  { database, keys }: { database: DatabaseClient; keys: KeyCache },
): Promise<Caller | undefined> {
  if (!keyPattern.test(key)) return undefined;
  const hash = await hashKey(key);
  const cached = keys.get(hash);
  if (cached !== undefined) return cached.caller;

  const row = await unwrapFirst(database.rpc("authenticate", { key_hash: hash }));
  const caller =
    row === undefined
      ? undefined
      : { keyId: row.key_id, tenantId: row.tenant_id, network: row.network };
  keys.add(hash, caller && { caller, expiresAt: row?.expires_at ?? null });
  return caller;
}
