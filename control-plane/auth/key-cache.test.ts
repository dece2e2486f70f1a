import { expect, test } from "vitest";
import { KeyCache } from "./key-cache.ts";

const caller = { keyId: "k", tenantId: "acme", network: "sandbox" as const };

function cacheAt(start: number) {
  const clock = { now: start };
  return { clock, cache: new KeyCache(() => clock.now) };
}

test("a known key is asked for again after five seconds", () => {
  const { clock, cache } = cacheAt(0);
  cache.add("hash", { caller, expiresAt: null });
  clock.now = 4_999;
  expect(cache.get("hash")?.caller).toEqual(caller);
  clock.now = 5_000;
  expect(cache.get("hash")).toBeUndefined();
});

test("a key is not known past its own expiry", () => {
  const { clock, cache } = cacheAt(0);
  cache.add("hash", { caller, expiresAt: new Date(1_000).toISOString() });
  clock.now = 1_000;
  expect(cache.get("hash")).toBeUndefined();
});

test("an unknown key is remembered shortly, and does not hide one made since", () => {
  const { cache } = cacheAt(0);
  cache.add("hash", undefined);
  expect(cache.get("hash")).toMatchObject({ caller: undefined });
  cache.add("hash", { caller, expiresAt: null });
  expect(cache.get("hash")?.caller).toEqual(caller);
});

test("guessed keys do not push real ones out", () => {
  const { cache } = cacheAt(0);
  cache.add("real", { caller, expiresAt: null });
  for (let guess = 0; guess < 20_000; guess += 1) cache.add(`guess-${guess}`, undefined);
  expect(cache.get("real")?.caller).toEqual(caller);
  expect(cache.get("guess-0")).toBeUndefined();
});
