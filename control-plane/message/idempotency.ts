import { z } from "@hono/zod-openapi";
import { ApiError } from "../../shared/errors.ts";
import type { Message } from "../../shared/message.ts";
import { hashKey } from "../auth/hash-key.ts";
import { unwrap } from "../database/unwrap.ts";
import type { DatabaseClient } from "../database/connect.ts";

export const idempotencyHeader = {
  "idempotency-key": z
    .string()
    .regex(/^[\x20-\x7e]{1,255}$/, "Must be 1 to 255 printable ASCII characters")
    .optional()
    .openapi({
      description: "Makes the request safe to repeat: with the same key it is carried out once.",
    }),
};

/** Identifies a request by its method, path and parsed body. */
export async function requestHash(request: {
  path: string;
  body: Record<string, string>;
}): Promise<string> {
  const fields = Object.entries(request.body).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return hashKey(JSON.stringify(["POST", request.path, fields]));
}

/**
 * The message of the first request with this key. `begin_send` checks the key of a message that can
 * be sent; this covers one that cannot be sent now.
 * @throws ApiError idempotency_mismatch
 */
export async function findFirstMessage(
  database: DatabaseClient,
  request: { tenantId: string; key: string; request_hash: string },
): Promise<Message | undefined> {
  const first = await unwrap(
    database.rpc("find_idempotent", { tenant_id: request.tenantId, key: request.key }),
  );
  if (first === null) return undefined;
  if (first.request_hash !== request.request_hash) {
    throw new ApiError(
      "idempotency_mismatch",
      "This Idempotency-Key was used with another request. Use a new key, or repeat the first request unchanged.",
    );
  }
  return first.message;
}
