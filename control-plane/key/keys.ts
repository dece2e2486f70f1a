import { ApiError } from "../../shared/errors.ts";
import type { Network } from "../../shared/session.ts";
import { hashKey } from "../auth/hash-key.ts";
import type { DatabaseClient } from "../database/connect.ts";
import { foreignKeyViolation, unwrap, unwrapFirst } from "../database/unwrap.ts";
import { decodeCursor, toPage } from "../http/list.ts";
import { invalidField } from "../http/validation.ts";
import { withoutUndefined } from "../http/without-undefined.ts";
import type { Services } from "../services.ts";
import { makeKey } from "./make-key.ts";
import { type ApiKey, keyColumns, type KeyRotation, type KeySettings } from "./resource.ts";

interface KeyName {
  tenantId: string;
  keyId: string;
  /** Only keys of these networks are touched. */
  networks: readonly Network[];
}

/** Adds a key. Undefined: there is no such tenant. @throws ApiError */
export async function addKey(
  { database, now }: Services,
  { tenantId, settings }: { tenantId: string; settings: KeySettings },
): Promise<(ApiKey & { key: string }) | undefined> {
  if (settings.expires_at !== undefined && Date.parse(settings.expires_at) <= now()) {
    throw invalidField("expires_at", "`expires_at` must be in the future");
  }
  const { key, prefix } = makeKey(settings.network);
  const answer = await database
    .from("api_keys")
    .insert({
      ...withoutUndefined(settings),
      tenant_id: tenantId,
      key_hash: await hashKey(key),
      key_prefix: prefix,
    })
    .select(keyColumns);
  if (answer.error?.code === foreignKeyViolation) return undefined;
  const added = await unwrapFirst(answer);
  if (added === undefined) throw new Error("The insert returned no key");
  return { ...added, key };
}

/** A page of keys, oldest first. */
export async function pageOfKeys(
  database: DatabaseClient,
  {
    tenantId,
    ...page
  }: { tenantId: string; limit: number; offset: number; cursor?: string | undefined },
): Promise<{ data: ApiKey[]; next_cursor: string | null }> {
  let query = database
    .from("api_keys")
    .select(keyColumns)
    .eq("tenant_id", tenantId)
    .order("id")
    .range(page.offset, page.offset + page.limit);
  if (page.cursor !== undefined) query = query.gt("id", decodeCursor(page.cursor));
  const rows: ApiKey[] = await unwrap(query);
  return toPage(rows, { limit: page.limit, idOf: ({ id }) => id });
}

/** Replaces a key by a new one that may do the same; the former one ends after the overlap. */
export async function replaceKey(
  database: DatabaseClient,
  { tenantId, keyId, networks, rotation }: KeyName & { rotation: KeyRotation },
): Promise<ApiKey & { key: string }> {
  const network = await networkOf(database, { tenantId, keyId, networks });
  const { key, prefix } = makeKey(network);
  const replaced = await unwrapFirst(
    database
      .rpc("rotate_api_key", {
        tenant_id: tenantId,
        key_id: keyId,
        networks: [...networks],
        key_hash: await hashKey(key),
        key_prefix: prefix,
        overlap_seconds: Math.round(rotation.overlap_hours * 3_600),
      })
      .select(keyColumns),
  );
  if (replaced === undefined) throw keyNotFound();
  return { ...replaced, key };
}

/** Ends a key within 10 seconds. @throws ApiError not_found */
export async function endKey(
  { database, now }: Services,
  { tenantId, keyId, networks }: KeyName,
): Promise<void> {
  await networkOf(database, { tenantId, keyId, networks });
  const revoked = await unwrapFirst(
    database
      .from("api_keys")
      .update({ revoked_at: new Date(now()).toISOString() })
      .eq("tenant_id", tenantId)
      .eq("id", keyId)
      .is("revoked_at", null)
      .select("id"),
  );
  if (revoked === undefined) throw keyNotFound();
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

async function networkOf(
  database: DatabaseClient,
  { tenantId, keyId, networks }: KeyName,
): Promise<Network> {
  const found = uuid.test(keyId)
    ? await unwrapFirst(
        database
          .from("api_keys")
          .select("network")
          .eq("tenant_id", tenantId)
          .eq("id", keyId)
          .in("network", networks)
          .is("revoked_at", null),
      )
    : undefined;
  if (found === undefined) throw keyNotFound();
  return found.network;
}

function keyNotFound(): ApiError {
  return new ApiError(
    "not_found",
    "There is no valid key with this id that your key may change. GET /tenant/keys lists them.",
  );
}
