import { DatabaseError } from "pg";
import { z } from "zod";
import type { Caller, Database } from "../database/database.ts";
import type { Statement } from "../database/statement.ts";
import { readBody, type Exchange } from "../http/exchange.ts";
import type { ObjectFiles } from "./object-files.ts";
import { fromStorageDatabaseError, storageError } from "./storage-error.ts";

export type StorageServices = {
  readonly database: Database;
  readonly files: ObjectFiles;
  readonly jwtSecret: string;
};

export type StorageRequest = {
  readonly exchange: Exchange;
  readonly caller: Caller;
  readonly services: StorageServices;
};

export const ObjectRow = z.object({
  id: z.string(),
  bucket_id: z.string(),
  name: z.string(),
  version: z.string(),
  owner_id: z.string().nullable(),
  metadata: z
    .looseObject({
      size: z.number(),
      mimetype: z.string(),
      cacheControl: z.string(),
      eTag: z.string(),
    })
    .nullable(),
  user_metadata: z.record(z.string(), z.unknown()).nullable(),
  created_at: z.string(),
  updated_at: z.string(),
  last_accessed_at: z.string().nullable(),
});
export type ObjectRow = z.infer<typeof ObjectRow>;

export const BucketRow = z.object({
  id: z.string(),
  name: z.string(),
  owner: z.string().nullable(),
  public: z.boolean(),
  file_size_limit: z.number().nullable(),
  allowed_mime_types: z.array(z.string()).nullable(),
  created_at: z.string(),
  updated_at: z.string(),
});
export type BucketRow = z.infer<typeof BucketRow>;

/** Runs a statement under the caller's row level security. It must return its rows as JSON. */
export async function queryAs<T>(
  request: StorageRequest,
  statement: Statement,
  row: z.ZodType<T>,
): Promise<T[]> {
  const { caller, exchange, services } = request;
  try {
    const rows = await services.database.runAs(
      {
        role: caller.role,
        claims: caller.claims,
        // GET makes the transaction read-only; for POST the statement alone decides.
        method: exchange.method === "GET" || exchange.method === "HEAD" ? "GET" : "POST",
        path: exchange.path,
        headers: JSON.stringify(exchange.request.headers),
      },
      statement,
    );
    return z.array(row).parse(JSON.parse(rows[0]?.[0] ?? "[]"));
  } catch (error) {
    if (error instanceof DatabaseError) throw fromStorageDatabaseError(error);
    throw error;
  }
}

/** Runs a statement as the owner, for callers authorized by a public bucket or a signed URL. */
export async function queryAsOwner<T>(
  services: StorageServices,
  statement: Statement,
  row: z.ZodType<T>,
): Promise<T[]> {
  const { rows } = await services.database.owner.query<{ rows: string }>(statement.text, [
    ...statement.values,
  ]);
  return z.array(row).parse(JSON.parse(rows[0]?.rows ?? "[]"));
}

/** Wraps a select so that it returns its rows as one JSON text. */
export function asJson(source: string): string {
  return `select coalesce(json_agg(row_to_json(_r)), '[]')::text as rows from (${source}) _r`;
}

export function findObject(bucket: string, name: string): Statement {
  return {
    text: asJson("select * from storage.objects where bucket_id = $1 and name = $2"),
    values: [bucket, name],
  };
}

export function findBucket(id: string): Statement {
  return { text: asJson("select * from storage.buckets where id = $1"), values: [id] };
}

export async function readJson<T>(exchange: Exchange, shape: z.ZodType<T>): Promise<T> {
  const body = (await readBody(exchange)).toString("utf8");
  try {
    return shape.parse(JSON.parse(body === "" ? "{}" : body));
  } catch (cause) {
    throw storageError("InvalidRequest", cause);
  }
}

/** Splits the path `bucket/folder/file` into the bucket and the name of the object. */
export function splitPath(path: string): { bucket: string; name: string } {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch (cause) {
    throw storageError("InvalidKey", cause);
  }
  const slash = decoded.indexOf("/");
  const bucket = slash === -1 ? decoded : decoded.slice(0, slash);
  return { bucket, name: slash === -1 ? "" : decoded.slice(slash + 1) };
}

export function requireName(name: string): string {
  // The names that S3 accepts, without control characters.
  if (name === "" || name.length > 1024 || /[\p{Cc}\\]|^\/|\/\/|\/$/u.test(name)) {
    throw storageError("InvalidKey");
  }
  return name;
}

export function subjectOf(caller: Caller): string | null {
  const claims = z.object({ sub: z.string().optional() }).parse(JSON.parse(caller.claims));
  return claims.sub ?? null;
}
