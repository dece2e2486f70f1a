import { addTransactionCapability, type SignalDataSet } from "@whiskeysockets/baileys";
import { pino } from "pino";
import { beforeEach, expect, test } from "vitest";
import { detachLateWrites } from "./detached-writes.ts";

const log = pino({ level: "silent" });
let written: SignalDataSet[];
let keys: ReturnType<typeof addTransactionCapability>;

beforeEach(() => {
  written = [];
  keys = addTransactionCapability(
    {
      get: async (type) => ({ known: `stored ${type}` }) as never,
      set: async (data) => void written.push(data),
    },
    log,
    { maxCommitRetries: 1, delayBetweenTriesMs: 0 },
  );
  detachLateWrites(keys);
});

const write = async (device: string) => keys.set({ "device-list": { [device]: ["0"] } });

test("what a transaction writes is stored together at its end", async () => {
  await keys.transaction(async () => {
    await write("one");
    await keys.transaction(() => write("two"), "inner");
    expect(written).toEqual([]);
  }, "outer");
  expect(written).toEqual([{ "device-list": { one: ["0"], two: ["0"] } }]);
});

test("what a transaction began and did not wait for is stored when it comes after the end", async () => {
  const ended = Promise.withResolvers<undefined>();
  let left: Promise<unknown> | undefined;
  await keys.transaction(async () => {
    left = ended.promise.then(async () => {
      expect(await keys.get("device-list", ["known"])).toEqual({ known: "stored device-list" });
      await write("late");
      await keys.transaction(() => write("later"), "another");
    });
  }, "outer");
  expect(written).toEqual([]);
  ended.resolve(undefined);
  await left;
  expect(written).toEqual([
    { "device-list": { late: ["0"] } },
    { "device-list": { later: ["0"] } },
  ]);
});
