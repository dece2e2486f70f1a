import { z } from "zod";
import { replyJson } from "../http/exchange.ts";
import { readableObject } from "./download.ts";
import { storageError } from "./storage-error.ts";
import {
  asJson,
  ObjectRow,
  queryAs,
  readJson,
  requireName,
  subjectOf,
  type StorageRequest,
} from "./storage-request.ts";

const Prefixes = z.object({ prefixes: z.array(z.string()).min(1) });
const Places = z.object({
  bucketId: z.string(),
  sourceKey: z.string(),
  destinationKey: z.string(),
  destinationBucket: z.string().optional(),
});

/** `DELETE /object/<bucket>` with names in the body: answers those that are gone. */
export async function removeMany(request: StorageRequest, bucket: string): Promise<void> {
  const { prefixes } = await readJson(request.exchange, Prefixes);
  const gone = await remove(request, bucket, prefixes);
  replyJson(request.exchange, 200, gone);
}

/** `DELETE /object/<bucket>/<name>`. */
export async function removeOne(
  request: StorageRequest,
  target: { bucket: string; name: string },
): Promise<void> {
  const gone = await remove(request, target.bucket, [target.name]);
  if (gone.length === 0) throw storageError("NoSuchKey");
  replyJson(request.exchange, 200, { message: "Successfully deleted" });
}

/** `POST /object/move`. */
export async function moveObject(request: StorageRequest): Promise<void> {
  const places = await readJson(request.exchange, Places);
  const text = `with moved as (
      update storage.objects set bucket_id = $3, name = $4, updated_at = now()
      where bucket_id = $1 and name = $2 returning 1)
    ${asJson("select from moved")}`;
  const moved = await queryAs(
    request,
    {
      text,
      values: [
        places.bucketId,
        places.sourceKey,
        places.destinationBucket ?? places.bucketId,
        requireName(places.destinationKey),
      ],
    },
    z.unknown(),
  );
  if (moved.length === 0) throw storageError("NoSuchKey");
  replyJson(request.exchange, 200, { message: "Successfully moved" });
}

/** `POST /object/copy`. */
export async function copyObject(request: StorageRequest): Promise<void> {
  const places = await readJson(request.exchange, Places);
  const { files } = request.services;
  const bucket = places.destinationBucket ?? places.bucketId;
  const name = requireName(places.destinationKey);
  const source = await readableObject(request, {
    bucket: places.bucketId,
    name: places.sourceKey,
  });
  const version = await files.copy(source.version);
  const text = `with copied as (
      insert into storage.objects (bucket_id, name, version, metadata, user_metadata, owner_id)
      values ($1, $2, $3, $4::jsonb, $5::jsonb, $6))
    ${asJson("select 1")}`;
  const values = [
    bucket,
    name,
    version,
    JSON.stringify(source.metadata),
    JSON.stringify(source.user_metadata),
    subjectOf(request.caller),
  ];
  try {
    await queryAs(request, { text, values }, z.unknown());
  } catch (error) {
    await files.remove([version]);
    throw error;
  }
  replyJson(request.exchange, 200, { Key: `${bucket}/${name}` });
}

async function remove(
  request: StorageRequest,
  bucket: string,
  names: readonly string[],
): Promise<ObjectRow[]> {
  const text = `with gone as (
      delete from storage.objects where bucket_id = $1
        and name in (select json_array_elements_text($2::json)) returning *)
    ${asJson("select * from gone")}`;
  const values = [bucket, JSON.stringify(names)];
  const gone = await queryAs(request, { text, values }, ObjectRow);
  await request.services.files.remove(gone.map(({ version }) => version));
  return gone;
}
