import { expect, test } from "vitest";
import { KeyCache } from "./key-cache.ts";

const caller = {
  keyId: "k",
  tenantId: "acme",
  network: "sandbox" as const,
  scopes: ["read" as const],
  sessionIds: null,
  isSuspended: false,
  rateLimitPerMinute: 60,
  corsOrigins: [],
};
const startedAt = Date.UTC(2026, 0, 1);

function createCache() {
  const clock = { now: startedAt };
  return { clock, cache: new KeyCache(() => clock.now) };
}

test("a valid key is cached for five seconds", () => {
  const { clock, cache } = createCache();
  cache.add("hash", { caller, expiresAt: null });
  clock.now += 5_000;
  expect(cache.get("hash")?.caller).toEqual(caller);
  clock.now += 1;
  expect(cache.get("hash")).toBeUndefined();
  expect([cache.wasValid("hash"), cache.wasValid("other")]).toEqual([true, false]);
});

test("a key is not cached past its own expiry", () => {
  const { clock, cache } = createCache();
  cache.add("hash", { caller, expiresAt: new Date(startedAt + 1_000).toISOString() });
  expect(cache.get("hash")?.caller).toEqual(caller);
  clock.now += 1_001;
  expect(cache.get("hash")).toBeUndefined();
  cache.add("expired", { caller, expiresAt: new Date(startedAt).toISOString() });
  expect(cache.get("expired")).toBeUndefined();
});

test("an invalid key is cached briefly, and does not hide one created since", () => {
  const { cache } = createCache();
  cache.add("hash", undefined);
  expect(cache.get("hash")).toMatchObject({ caller: undefined });
  cache.add("hash", { caller, expiresAt: null });
  expect(cache.get("hash")?.caller).toEqual(caller);
});

test("guessed keys do not evict valid ones", () => {
  const { cache } = createCache();
  cache.add("real", { caller, expiresAt: null });
  for (let guess = 0; guess < 20_000; guess += 1) cache.add(`guess-${guess}`, undefined);
  expect(cache.get("real")?.caller).toEqual(caller);
  expect(cache.get("guess-0")).toBeUndefined();
});
