import { expect, test } from "vitest";
import { bucketCount, bucketsOf, shardOf, tenantBucket } from "./bucket.ts";

test("a tenant's bucket is the first hex digit of the SHA-256 of its id", async () => {
  // printf acme | sha256sum
  await expect(tenantBucket("acme")).resolves.toBe(0x8);
  await expect(tenantBucket("my_saas")).resolves.toBe(0xb);
});

test.each([1, 3, 4, 16])("%i shards share all buckets", (shards) => {
  const buckets = Array.from({ length: shards }, (_, shard) => bucketsOf(shard, shards)).flat();
  expect(buckets.toSorted((a, b) => a - b)).toEqual([...Array(bucketCount).keys()]);
});

test("a shard knows its number by its name", () => {
  expect(shardOf("hub-11")).toBe(11);
  expect(() => shardOf("other")).toThrow("other");
});
