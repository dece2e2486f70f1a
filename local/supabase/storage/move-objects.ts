import { z } from "zod";
import { replyJson } from "../http/exchange.ts";
import { readableObject } from "./download.ts";
import { storageError } from "./storage-error.ts";
import {
  asJson,
  queryAs,
  readJson,
  requireName,
  subjectOf,
  type StorageRequest,
} from "./storage-request.ts";

const MoveBody = z.object({
  bucketId: z.string(),
  sourceKey: z.string(),
  destinationKey: z.string(),
  destinationBucket: z.string().optional(),
});

/** `POST /object/move`. */
export async function moveObject(request: StorageRequest): Promise<void> {
  const body = await readJson(request.exchange, MoveBody);
  const text = `with moved as (
      update storage.objects set bucket_id = $3, name = $4, updated_at = now()
      where bucket_id = $1 and name = $2 returning 1)
    ${asJson("select from moved")}`;
  const moved = await queryAs(
    request,
    {
      text,
      values: [
        body.bucketId,
        body.sourceKey,
        body.destinationBucket ?? body.bucketId,
        requireName(body.destinationKey),
      ],
    },
    z.unknown(),
  );
  if (moved.length === 0) throw storageError("NoSuchKey");
  replyJson(request.exchange, 200, { message: "Successfully moved" });
}

/** `POST /object/copy`. */
export async function copyObject(request: StorageRequest): Promise<void> {
  const body = await readJson(request.exchange, MoveBody);
  const { files } = request.services;
  const bucket = body.destinationBucket ?? body.bucketId;
  const name = requireName(body.destinationKey);
  const source = await readableObject(request, {
    bucket: body.bucketId,
    name: body.sourceKey,
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
