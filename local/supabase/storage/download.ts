import { pipeline } from "node:stream/promises";
import { exposedHeaders, header, reply, replyJson, type Exchange } from "../http/exchange.ts";
import { storageError } from "./storage-error.ts";
import {
  BucketRow,
  findBucket,
  findObject,
  ObjectRow,
  queryAs,
  queryAsOwner,
  type StorageRequest,
  type StorageServices,
} from "./storage-request.ts";

type Target = { readonly bucket: string; readonly name: string };

/** Finds an object that the caller's policies let it see. */
export async function readableObject(request: StorageRequest, target: Target): Promise<ObjectRow> {
  const [object] = await queryAs(request, findObject(target.bucket, target.name), ObjectRow);
  if (!object) throw storageError("NoSuchKey");
  return object;
}

/** Finds an object in a public bucket. */
export async function publicObject(services: StorageServices, target: Target): Promise<ObjectRow> {
  const [bucket] = await queryAsOwner(services, findBucket(target.bucket), BucketRow);
  if (!bucket?.public) throw storageError("NoSuchBucket");
  return objectAsOwner(services, target);
}

/** Finds an object without checking policies, for callers that are authorized otherwise. */
export async function objectAsOwner(services: StorageServices, target: Target): Promise<ObjectRow> {
  const [object] = await queryAsOwner(services, findObject(target.bucket, target.name), ObjectRow);
  if (!object) throw storageError("NoSuchKey");
  return object;
}

/** Sends the content, or the requested range of it. */
export async function sendObject(
  exchange: Exchange,
  object: ObjectRow,
  services: StorageServices,
): Promise<void> {
  const size = await services.files.size(object.version);
  const etag = object.metadata?.eTag ?? `"${object.version}"`;
  if (header(exchange, "if-none-match") === etag) {
    return reply(exchange, { status: 304, headers: { etag } });
  }
  const range = parseRange(header(exchange, "range"), size);
  if (range === "unsatisfiable") {
    return reply(exchange, { status: 416, headers: { "content-range": `bytes */${size}` } });
  }
  const length = range ? range.end - range.start + 1 : size;
  const download = exchange.query.get("download");
  exchange.response.writeHead(range ? 206 : 200, {
    ...exposedHeaders,
    "content-type": object.metadata?.mimetype ?? "application/octet-stream",
    "content-length": String(length),
    "cache-control": object.metadata?.cacheControl ?? "no-cache",
    "accept-ranges": "bytes",
    etag,
    "last-modified": new Date(object.updated_at).toUTCString(),
    ...(range ? { "content-range": `bytes ${range.start}-${range.end}/${size}` } : {}),
    ...(download === null ? {} : { "content-disposition": attachment(download, object.name) }),
  });
  if (exchange.method === "HEAD" || length === 0) {
    exchange.response.end();
    return;
  }
  await pipeline(services.files.read(object.version, range), exchange.response);
}

/** `/object/info/...`: sends the metadata of the object. */
export function sendInfo(exchange: Exchange, object: ObjectRow): void {
  const { metadata, user_metadata: userMetadata, ...rest } = object;
  replyJson(exchange, 200, {
    id: rest.id,
    name: rest.name,
    version: rest.version,
    bucket_id: rest.bucket_id,
    size: metadata?.size ?? 0,
    content_type: metadata?.mimetype,
    cache_control: metadata?.cacheControl,
    etag: metadata?.eTag,
    metadata: userMetadata ?? {},
    last_modified: rest.updated_at,
    created_at: rest.created_at,
  });
}

function parseRange(
  text: string | undefined,
  size: number,
): { start: number; end: number } | "unsatisfiable" | undefined {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(text ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (start >= size) return "unsatisfiable";
  return start <= end ? { start, end } : undefined;
}

function attachment(wanted: string, name: string): string {
  const file = wanted === "" ? (name.split("/").at(-1) ?? name) : wanted;
  return `attachment; filename*=UTF-8''${encodeURIComponent(file)}`;
}
