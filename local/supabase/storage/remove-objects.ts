import { z } from "zod";
import { replyJson } from "../http/exchange.ts";
import { storageError } from "./storage-error.ts";
import { asJson, ObjectRow, queryAs, readJson, type StorageRequest } from "./storage-request.ts";

const Prefixes = z.object({ prefixes: z.array(z.string()).min(1) });

/** `DELETE /object/<bucket>` with names in the body: returns the objects that were deleted. */
export async function removeMany(request: StorageRequest, bucket: string): Promise<void> {
  const { prefixes } = await readJson(request.exchange, Prefixes);
  const deleted = await remove(request, bucket, prefixes);
  replyJson(request.exchange, 200, deleted);
}

/** `DELETE /object/<bucket>/<name>`. */
export async function removeOne(
  request: StorageRequest,
  target: { bucket: string; name: string },
): Promise<void> {
  const deleted = await remove(request, target.bucket, [target.name]);
  if (deleted.length === 0) throw storageError("NoSuchKey");
  replyJson(request.exchange, 200, { message: "Successfully deleted" });
}

async function remove(
  request: StorageRequest,
  bucket: string,
  names: readonly string[],
): Promise<ObjectRow[]> {
  const text = `with deleted as (
      delete from storage.objects where bucket_id = $1
        and name in (select json_array_elements_text($2::json)) returning *)
    ${asJson("select * from deleted")}`;
  const values = [bucket, JSON.stringify(names)];
  const deleted = await queryAs(request, { text, values }, ObjectRow);
  await request.services.files.remove(deleted.map(({ version }) => version));
  return deleted;
}
