import { z } from "zod";
import { replyJson } from "../http/exchange.ts";
import { storageError } from "./storage-error.ts";
import {
  asJson,
  BucketRow,
  findBucket,
  queryAs,
  readJson,
  type StorageRequest,
} from "./storage-request.ts";

const Settings = z.object({
  id: z.string().optional(),
  name: z.string().optional(),
  public: z.boolean().optional(),
  file_size_limit: z.union([z.number(), z.string()]).nullish(),
  allowed_mime_types: z.array(z.string()).nullish(),
});

const Versions = z.object({ version: z.string() });
const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
};

/** `/bucket` and `/bucket/<id>[/empty]`. */
export async function handleBuckets(request: StorageRequest, path: string): Promise<void> {
  const { exchange } = request;
  const [id = "", action] = path.split("/").map(decodeURIComponent);
  const route = `${exchange.method} ${id === "" ? "" : "one"}${action ? ` ${action}` : ""}`;
  switch (route) {
    case "GET ": {
      const text = asJson("select * from storage.buckets order by name");
      return replyJson(exchange, 200, await queryAs(request, { text, values: [] }, BucketRow));
    }
    case "GET one":
      return replyJson(exchange, 200, await requireBucket(request, id));
    case "POST ":
      return create(request);
    case "PUT one":
      return update(request, id);
    case "DELETE one":
      return remove(request, id);
    case "POST one empty":
      return empty(request, id);
    default:
      throw storageError("NotFound");
  }
}

/** Finds a bucket that the caller may see. @throws if there is none. */
export async function requireBucket(request: StorageRequest, id: string): Promise<BucketRow> {
  const [bucket] = await queryAs(request, findBucket(id), BucketRow);
  if (!bucket) throw storageError("NoSuchBucket");
  return bucket;
}

async function create(request: StorageRequest): Promise<void> {
  const settings = await readJson(request.exchange, Settings);
  const id = settings.id ?? settings.name;
  if (!id || !/^[\w!.*'() &$@=;:+,?-]{1,100}$/.test(id)) throw storageError("InvalidRequest");
  const text = `with created as (
      insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
      values ($1, $2, $3::boolean, $4::bigint,
        (select array_agg(value) from json_array_elements_text($5::json))) returning 1)
    ${asJson("select from created")}`;
  await queryAs(
    request,
    {
      text,
      values: [
        id,
        settings.name ?? id,
        String(settings.public ?? false),
        byteLimit(settings.file_size_limit),
        settings.allowed_mime_types ? JSON.stringify(settings.allowed_mime_types) : null,
      ],
    },
    z.unknown(),
  );
  replyJson(request.exchange, 200, { name: id });
}

async function update(request: StorageRequest, id: string): Promise<void> {
  const settings = await readJson(request.exchange, Settings);
  await requireBucket(request, id);
  const text = `with changed as (
      update storage.buckets set public = coalesce($2::boolean, public),
        file_size_limit = case when $3::boolean then $4::bigint else file_size_limit end,
        allowed_mime_types = case when $5::boolean
          then (select array_agg(value) from json_array_elements_text($6::json))
          else allowed_mime_types end,
        updated_at = now()
      where id = $1 returning 1)
    ${asJson("select from changed")}`;
  const { file_size_limit: limit, allowed_mime_types: mimeTypes } = settings;
  const values = [
    id,
    settings.public === undefined ? null : String(settings.public),
    String(limit !== undefined),
    byteLimit(limit),
    String(mimeTypes !== undefined),
    mimeTypes ? JSON.stringify(mimeTypes) : null,
  ];
  const changed = await queryAs(request, { text, values }, z.unknown());
  if (changed.length === 0) throw storageError("AccessDenied");
  replyJson(request.exchange, 200, { message: "Successfully updated" });
}

async function remove(request: StorageRequest, id: string): Promise<void> {
  await requireBucket(request, id);
  const text = `with deleted as (delete from storage.buckets where id = $1 returning 1)
    ${asJson("select from deleted")}`;
  const deleted = await queryAs(request, { text, values: [id] }, z.unknown());
  if (deleted.length === 0) throw storageError("AccessDenied");
  replyJson(request.exchange, 200, { message: "Successfully deleted" });
}

async function empty(request: StorageRequest, id: string): Promise<void> {
  await requireBucket(request, id);
  const text = `with deleted as (delete from storage.objects where bucket_id = $1 returning version)
    ${asJson("select version from deleted")}`;
  const deleted = await queryAs(request, { text, values: [id] }, Versions);
  await request.services.files.remove(deleted.map(({ version }) => version));
  replyJson(request.exchange, 200, { message: "Successfully emptied" });
}

function byteLimit(limit: string | number | null | undefined): string | null {
  if (limit === null || limit === undefined) return null;
  const [, amount, unit = "B"] = /^(\d+)\s*(B|KB|MB|GB)?$/i.exec(String(limit)) ?? [];
  if (amount === undefined) throw storageError("InvalidRequest");
  return String(Number(amount) * (unitBytes[unit.toUpperCase()] ?? 1));
}
