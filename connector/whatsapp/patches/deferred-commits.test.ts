import { addTransactionCapability } from "@whiskeysockets/baileys";
import { pino } from "pino";
import { expect, test, vi } from "vitest";
import { signalKeyStore } from "../auth-state.ts";
import { MemoryKeys } from "../testing/memory-keys.ts";
import { DeferredCommits } from "./deferred-commits.ts";

function open() {
  const keys = new MemoryKeys();
  const commits = new DeferredCommits();
  const store = addTransactionCapability(signalKeyStore(keys, commits), pino({ level: "silent" }), {
    maxCommitRetries: 1,
    delayBetweenTriesMs: 0,
  });
  const write = () =>
    store.transaction(async () => store.set({ "device-list": { one: ["0"] } }), "transaction");
  return { keys, commits, store, write };
}

test("a transaction ends before its commit, which its caller waits for", async () => {
  const { keys, commits, store, write } = open();
  const made = Promise.withResolvers<undefined>();
  keys.beforeCommit = () => made.promise;
  const { committed } = await commits.collect(write);
  expect(await store.get("device-list", ["one"])).toEqual({ one: ["0"] });
  expect(keys.commits).toHaveLength(0);
  made.resolve(undefined);
  await committed;
  expect(keys.commits).toHaveLength(1);
});

test("a commit that failed is an error of the caller, not of the transaction", async () => {
  const { keys, commits, write } = open();
  keys.beforeCommit = () => Promise.reject(new Error("refused"));
  const { committed } = await commits.collect(write);
  await expect(committed).rejects.toThrow("refused");
});

test("a transaction outside of collect() waits for its commit", async () => {
  const { keys, write } = open();
  const made = Promise.withResolvers<undefined>();
  keys.beforeCommit = () => made.promise;
  const ended = vi.fn<() => void>();
  const writing = write().then(ended);
  await vi.waitFor(() => expect(keys.calls).toContain("set device-list"));
  expect(ended).not.toHaveBeenCalled();
  made.resolve(undefined);
  await writing;
});
