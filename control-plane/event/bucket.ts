/** Tenants are hashed into this many buckets; each bucket belongs to one shard. */
export const bucketCount = 16;

/** The first hex digit of the SHA-256 of the tenant id, as tenant_bucket() in SQL. */
export async function tenantBucket(tenantId: string): Promise<number> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(tenantId));
  return (new Uint8Array(digest)[0] ?? 0) >> 4;
}

/** The buckets that belong to a shard. */
export function bucketsOf(shard: number, shards: number): number[] {
  return Array.from({ length: bucketCount }, (_, bucket) => bucket).filter(
    (bucket) => bucket % shards === shard,
  );
}

/** The number in a shard's name, `hub-3` or `webhooks-3`. */
export function shardOf(name: string | undefined): number {
  const shard = Number(/-(\d+)$/.exec(name ?? "")?.[1]);
  if (!Number.isInteger(shard)) throw new Error(`Not the name of a shard: ${name}`);
  return shard;
}
