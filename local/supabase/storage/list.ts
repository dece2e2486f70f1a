import { z } from "zod";
import { replyJson } from "../http/exchange.ts";
import { asJson, queryAs, readJson, type StorageRequest } from "./storage-request.ts";

const Search = z.object({
  prefix: z.string().default(""),
  limit: z.number().int().min(1).max(10_000).default(100),
  offset: z.number().int().min(0).default(0),
  search: z.string().default(""),
  sortBy: z
    .object({
      column: z.enum(["name", "created_at", "updated_at", "last_accessed_at"]).default("name"),
      order: z.enum(["asc", "desc"]).default("asc"),
    })
    .prefault({}),
});

/** `POST /object/list/<bucket>`: lists one folder; subfolders come first and have no id. */
export async function listObjects(request: StorageRequest, bucket: string): Promise<void> {
  const { prefix, limit, offset, search, sortBy } = await readJson(request.exchange, Search);
  const folder = prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
  const order = `${sortBy.column} ${sortBy.order}`;
  const text = asJson(
    `with inside as (
       select *, substr(name, length($2) + 1) as rest from storage.objects
       where bucket_id = $1 and starts_with(name, $2)
     ), entries as (
       select distinct split_part(rest, '/', 1) as name, null::uuid as id,
         null::timestamptz as updated_at, null::timestamptz as created_at,
         null::timestamptz as last_accessed_at, null::jsonb as metadata
       from inside where rest like '%/%'
       union all
       select rest, id, updated_at, created_at, last_accessed_at, metadata
       from inside where rest not like '%/%'
     )
     select * from entries where strpos(lower(name), lower($3)) > 0 or $3 = ''
     order by (id is not null), ${order} limit $4::bigint offset $5::bigint`,
  );
  const values = [bucket, folder, search, String(limit), String(offset)];
  replyJson(request.exchange, 200, await queryAs(request, { text, values }, z.unknown()));
}
