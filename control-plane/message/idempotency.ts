import { z } from "@hono/zod-openapi";
import { ApiError } from "../../shared/errors.ts";
import type { Message } from "../../shared/message.ts";
import { hashKey } from "../auth/hash-key.ts";
import { dataOf } from "../database/answer.ts";
import type { DatabaseClient } from "../database/connect.ts";

export const idempotencyHeader = {
  "idempotency-key": z
    .string()
    .regex(/^[\x20-\x7e]{1,255}$/, "Must be 1 to 255 printable ASCII characters")
    .optional()
    .openapi({ description: "A request repeated with the same key is carried out once." }),
};

/** What makes two requests the same: where they go and what was understood of them. */
export async function requestHash(request: {
  method: string;
  path: string;
  body: Record<string, string>;
}): Promise<string> {
  const fields = Object.entries(request.body).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return hashKey(JSON.stringify([request.method, request.path, fields]));
}

/**
 * What the key already stands for, whatever has become of the session since.
 * @throws ApiError idempotency_mismatch
 */
export async function findReplay(
  database: DatabaseClient,
  request: { tenantId: string; key: string; request_hash: string },
): Promise<Message | undefined> {
  const known = dataOf(
    await database.rpc("find_idempotent", { tenant_id: request.tenantId, key: request.key }),
  );
  if (known === null) return undefined;
  if (known.request_hash !== request.request_hash) {
    throw new ApiError(
      "idempotency_mismatch",
      "Use a new Idempotency-Key for a new message, or repeat the first request unchanged.",
    );
  }
  return known.message;
}
