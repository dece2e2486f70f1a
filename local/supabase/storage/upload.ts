import { z } from "zod";
import { header, readBody, replyJson, type Exchange } from "../http/exchange.ts";
import { storageError } from "./storage-error.ts";
import {
  asJson,
  BucketRow,
  findBucket,
  queryAs,
  queryAsOwner,
  requireName,
  subjectOf,
  type StorageRequest,
} from "./storage-request.ts";

const defaultLimitBytes = 100 * 1024 * 1024;
const UploadedRow = z.object({ id: z.string(), replaced: z.string().nullable() });
const UserMetadata = z.record(z.string(), z.unknown());

type Content = {
  readonly body: Exchange["request"] | Buffer;
  readonly mimeType: string;
  readonly cacheControl: string;
  readonly userMetadata: string | null;
};

/** Handles `POST /object/<bucket>/<name>` (a new object, or any with x-upsert) and `PUT` (existing). */
export async function upload(
  request: StorageRequest,
  target: { bucket: string; name: string },
): Promise<void> {
  const { exchange, services } = request;
  const name = requireName(target.name);
  const [bucket] = await queryAsOwner(services, findBucket(target.bucket), BucketRow);
  if (!bucket) throw storageError("NoSuchBucket");
  const content = await readContent(exchange);
  if (!allowsMimeType(bucket, content.mimeType)) throw storageError("InvalidMimeType");
  const limit = bucket.file_size_limit ?? defaultLimitBytes;
  const { version, size } = await services.files.write(content.body, limit);
  const now = new Date().toISOString();
  const metadata = {
    eTag: `"${version}"`,
    size,
    mimetype: content.mimeType,
    cacheControl: content.cacheControl,
    lastModified: now,
    contentLength: size,
    httpStatusCode: 200,
  };
  try {
    const [written] = await queryAs(
      request,
      {
        text: writeSql(exchange),
        values: [
          bucket.id,
          name,
          version,
          JSON.stringify(metadata),
          content.userMetadata,
          subjectOf(request.caller),
        ],
      },
      UploadedRow,
    );
    if (!written) throw storageError("NoSuchKey");
    if (written.replaced) await services.files.remove([written.replaced]);
    replyJson(exchange, 200, { Id: written.id, Key: `${bucket.id}/${name}` });
  } catch (error) {
    await services.files.remove([version]);
    throw error;
  }
}

function writeSql(exchange: Exchange): string {
  const change = `version = $3, metadata = $4::jsonb, user_metadata = $5::jsonb, updated_at = now()`;
  const old = `old as (select id, version from storage.objects where bucket_id = $1 and name = $2)`;
  if (exchange.method === "PUT") {
    return `with ${old}, written as (
        update storage.objects set ${change}, owner_id = coalesce($6, owner_id)
        where bucket_id = $1 and name = $2 returning id)
      ${asJson("select written.id, old.version as replaced from written join old using (id)")}`;
  }
  const insert = `insert into storage.objects (id, bucket_id, name, version, metadata, user_metadata, owner_id)
    select id, $1, $2, $3, $4::jsonb, $5::jsonb, $6 from new_id`;
  if (header(exchange, "x-upsert") === "true") {
    return `with ${old}, new_id as (select gen_random_uuid() as id), written as (
        ${insert} on conflict (bucket_id, name) do update set ${change} returning id)
      ${asJson("select written.id, (select version from old) as replaced from written")}`;
  }
  // Returns no column of the table, so that inserting needs no select privilege.
  return `with new_id as (select gen_random_uuid() as id), written as (${insert})
    ${asJson("select id, null as replaced from new_id")}`;
}

async function readContent(exchange: Exchange): Promise<Content> {
  const type = header(exchange, "content-type") ?? "application/octet-stream";
  if (type.startsWith("multipart/form-data")) return readForm(exchange, type);
  const encoded = header(exchange, "x-metadata");
  return {
    body: exchange.request,
    mimeType: type,
    cacheControl: header(exchange, "cache-control") ?? "no-cache",
    userMetadata: encoded ? metadataText(Buffer.from(encoded, "base64").toString("utf8")) : null,
  };
}

async function readForm(exchange: Exchange, type: string): Promise<Content> {
  const body = new Uint8Array(await readBody(exchange));
  const form = await new Response(body, { headers: { "content-type": type } }).formData();
  const file = [...form.values()].find((value) => typeof value !== "string");
  if (!file || typeof file === "string") throw storageError("InvalidRequest");
  const seconds = form.get("cacheControl");
  const metadata = form.get("metadata");
  return {
    body: Buffer.from(await file.arrayBuffer()),
    mimeType: file.type || "application/octet-stream",
    cacheControl: typeof seconds === "string" ? `max-age=${seconds}` : "no-cache",
    userMetadata: typeof metadata === "string" ? metadataText(metadata) : null,
  };
}

function metadataText(text: string): string {
  try {
    return JSON.stringify(UserMetadata.parse(JSON.parse(text)));
  } catch (cause) {
    throw storageError("InvalidRequest", cause);
  }
}

function allowsMimeType(bucket: BucketRow, mimeType: string): boolean {
  const plain = mimeType.split(";")[0]?.trim() ?? "";
  return (bucket.allowed_mime_types ?? ["*/*"]).some(
    (allowed) =>
      allowed === plain ||
      allowed === "*/*" ||
      (allowed.endsWith("/*") && plain.startsWith(allowed.slice(0, -1))),
  );
}
