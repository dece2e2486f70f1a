import { expect, test, vi } from "vitest";
import { NumberCache } from "./number-cache.ts";

const ben = { phone: "393337654321", lid: null };
const number = { network: "live", phone: ben.phone };
const acme = { ...number, tenantId: "acme", connection: {} };
const globex = { ...number, tenantId: "globex", connection: {} };

const found = () => Promise.resolve(ben);
const absent = () => Promise.resolve(undefined);
const hangs = () => new Promise<undefined>(() => undefined);
const fails = () => Promise.reject(new Error("the connection was closed"));

test("tenants share that a number is on WhatsApp", async () => {
  const cache = new NumberCache(10);
  expect(await cache.find(acme, found)).toEqual(ben);
  const query = vi.fn<typeof found>(found);
  expect(await cache.find(globex, query)).toEqual(ben);
  expect(query).not.toHaveBeenCalled();
});

test("a query that hangs in one tenant's connection does not hang another's send", async () => {
  const cache = new NumberCache(10);
  void cache.find(acme, hangs);
  expect(await cache.find(globex, found)).toEqual(ben);
  // Nor another connection of the same tenant; and now the answer is known.
  expect(await cache.find({ ...acme, connection: {} }, hangs)).toEqual(ben);
});

test("a query that fails in one tenant's connection fails that send alone", async () => {
  const cache = new NumberCache(10);
  const failed = cache.find(acme, fails);
  const other = cache.find(globex, found);
  await expect(failed).rejects.toThrow("closed");
  expect(await other).toEqual(ben);
  expect(await cache.find(acme, fails)).toEqual(ben);
});

test("a failure is not remembered", async () => {
  const cache = new NumberCache(10);
  await expect(cache.find(acme, fails)).rejects.toThrow("closed");
  expect(await cache.find(acme, found)).toEqual(ben);
});

test("that a number is absent is remembered for the tenant who asked, and no other", async () => {
  const cache = new NumberCache(10);
  expect(await cache.find(acme, absent)).toBeUndefined();
  const query = vi.fn<typeof found>(found);
  expect(await cache.find({ ...acme, connection: {} }, query)).toBeUndefined();
  expect(query).not.toHaveBeenCalled();
  expect(await cache.find(globex, query)).toEqual(ben);
  // What is known to exist counts for everybody.
  expect(await cache.find(acme, hangs)).toEqual(ben);
});

test("sends over one connection wait for the same query", async () => {
  const cache = new NumberCache(10);
  const query = vi.fn<typeof found>(found);
  await Promise.all([cache.find(acme, query), cache.find(acme, query)]);
  expect(query).toHaveBeenCalledOnce();
});

test("an absent number is asked for again after a minute", async () => {
  let now = 1;
  const cache = new NumberCache(10, () => now);
  await cache.find(acme, absent);
  now += 60_001;
  expect(await cache.find(acme, found)).toEqual(ben);
});
