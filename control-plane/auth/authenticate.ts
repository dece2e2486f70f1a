import { ApiError } from "../../shared/errors.ts";
import type { DatabaseClient } from "../database/connect.ts";
import { unwrapFirst } from "../database/unwrap.ts";
import type { Caller } from "../http/app-env.ts";
import type { FailureLimit } from "../limit/failure-limit.ts";
import type { ConsoleSessions } from "./console-sessions.ts";
import { hashKey } from "./hash-key.ts";
import type { KeyCache } from "./key-cache.ts";

const keyPattern = /^sk_(live|test)_[A-Za-z0-9_-]{8,200}$/;

export interface KeyServices {
  database: DatabaseClient;
  keys: KeyCache;
  failedKeys: FailureLimit;
  consoleSessions: ConsoleSessions;
}

/**
 * The caller that a key belongs to; undefined when the key is unknown, revoked or expired.
 * @throws ApiError rate_limited when too many unknown keys came from the address
 */
export async function authenticate(
  request: { key: string; address: string },
  services: Omit<KeyServices, "consoleSessions">,
): Promise<Caller | undefined> {
  if (!keyPattern.test(request.key)) return undefined;
  const hash = await hashKey(request.key);
  const cached = services.keys.get(hash);
  if (cached !== undefined) return cached.caller;

  // A key that worked before is looked up in any case: whoever guesses keys from the same address
  // must not lock out its tenant.
  if (services.keys.wasValid(hash)) return lookUp(hash, services);
  const retryAfterSeconds = services.failedKeys.retryAfterSeconds(request.address);
  if (retryAfterSeconds !== undefined) throw tooManyFailures(retryAfterSeconds);
  const caller = await lookUp(hash, services);
  if (caller === undefined) services.failedKeys.recordFailure(request.address);
  return caller;
}

async function lookUp(
  hash: string,
  { database, keys }: Pick<KeyServices, "database" | "keys">,
): Promise<Caller | undefined> {
  const row = await unwrapFirst(database.rpc("authenticate", { key_hash: hash }));
  const caller =
    row === undefined
      ? undefined
      : {
          keyId: row.key_id,
          tenantId: row.tenant_id,
          network: row.network,
          scopes: row.scopes,
          sessionIds: row.session_ids,
          isSuspended: row.is_suspended,
          rateLimitPerMinute: row.rate_limit_per_minute,
          corsOrigins: row.cors_origins,
        };
  keys.add(hash, caller && { caller, expiresAt: row?.expires_at ?? null });
  return caller;
}

function tooManyFailures(retryAfterSeconds: number): ApiError {
  return new ApiError(
    "rate_limited",
    `Too many requests with invalid API keys came from your address. Check the key and try again in ${retryAfterSeconds} s.`,
    { retryAfterSeconds },
  );
}
