import { randomBytes } from "node:crypto";
import { beforeEach, expect, test } from "vitest";
import type { KeyRow } from "../write/write.ts";
import { SessionCipher } from "./cipher.ts";
import { KeyStore } from "./key-store.ts";

const oldKey = randomBytes(32);
const keys = { current: randomBytes(32), old: oldKey };
const cipher = new SessionCipher(keys, "a");
/** What is committed, as the database has it. */
let rows: Map<string, string>;
let loads: string[];

beforeEach(() => {
  rows = new Map();
  loads = [];
});

function open({ empty = false, limit = 100 } = {}) {
  return new KeyStore({
    cipher,
    limit,
    empty,
    load: async (type, ids) => {
      loads.push(`${type} ${ids.join(",")}`);
      return ids.flatMap((id) => {
        const ciphertext = rows.get(`${type}|${id}`);
        return ciphertext === undefined ? [] : [{ id, ciphertext }];
      });
    },
    commit: async ({ keys }: { keys: KeyRow[] }) => {
      for (const { type, id, ciphertext } of keys) {
        if (ciphertext === null) rows.delete(`${type}|${id}`);
        else rows.set(`${type}|${id}`, ciphertext);
      }
    },
  });
}

test("values and bytes come back, from the cache and after a restart", async () => {
  const value = { nested: { key: randomBytes(4) }, plain: new Uint8Array([1, 2]) };
  await open().set({ session: { x: value } });
  const reopened = open();
  const read = await reopened.get("session", ["x"]);
  expect(read["x"]).toEqual({ nested: value.nested, plain: Buffer.from(value.plain) });
  await reopened.get("session", ["x"]);
  expect(loads).toEqual(["session x"]);
});

test("a miss is loaded once, and a deleted key is a miss", async () => {
  const store = open();
  expect(await store.get("tctoken", ["x"])).toEqual({});
  expect(await store.get("tctoken", ["x"])).toEqual({});
  await store.set({ session: { y: 1 } });
  await store.set({ session: { y: null } });
  expect(await store.get("session", ["y"])).toEqual({});
  expect(loads).toEqual(["tctoken x"]);
});

test("a new session loads nothing until the cache has evicted something", async () => {
  const store = open({ empty: true, limit: 2 });
  expect(await store.get("session", ["x"])).toEqual({});
  await store.set({ session: { a: 1, b: 2, c: 3 } });
  expect(await store.get("session", ["a"])).toEqual({ a: 1 });
  expect(loads).toEqual(["session a"]);
});

test("pre-keys are not kept in memory", async () => {
  const store = open({ empty: true });
  await store.set({ "pre-key": { 1: { public: randomBytes(2) } } });
  expect(Object.keys(await store.get("pre-key", ["1"]))).toEqual(["1"]);
  expect(loads).toEqual(["pre-key 1"]);
});

test("a value under the old key is written again under the new one when it is read", async () => {
  const former = new SessionCipher({ current: oldKey }, "a");
  for (const type of ["session", "pre-key"]) {
    rows.set(`${type}|x`, former.encrypt({ type, id: "x" }, '"value"'));
  }
  const before = rows.get("pre-key|x");
  const store = open();
  expect(await store.get("session", ["x"])).toEqual({ x: "value" });
  expect(await store.get("pre-key", ["x"])).toEqual({ x: "value" });
  const anew = rows.get("session|x") ?? "";
  expect(cipher.isStale(anew)).toBe(false);
  expect(cipher.decrypt({ type: "session", id: "x" }, anew)).toBe('"value"');
  // A pre-key is used once and deleted: npm run rotate-key covers it.
  expect(rows.get("pre-key|x")).toBe(before);
});
