/** How many parts the tenant space has; each belongs to one shard. */
export const bucketCount = 16;

/** The part a tenant belongs to: the first hex digit of the SHA-256 of its id, as in SQL. */
export async function tenantBucket(tenantId: string): Promise<number> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(tenantId));
  return (new Uint8Array(digest)[0] ?? 0) >> 4;
}

/** The buckets that the shard of this number looks after. */
export function bucketsOf(shard: number, shards: number): number[] {
  return Array.from({ length: bucketCount }, (_, bucket) => bucket).filter(
    (bucket) => bucket % shards === shard,
  );
}

/** The number in a shard's name, `hub-3` or `webhooks-3`. */
export function shardOf(name: string | undefined): number {
  const shard = Number(/-(\d+)$/.exec(name ?? "")?.[1]);
  if (!Number.isInteger(shard)) throw new Error(`No shard has the name ${name}`);
  return shard;
}
