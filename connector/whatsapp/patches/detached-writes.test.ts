import { addTransactionCapability, type SignalDataSet } from "@whiskeysockets/baileys";
import { pino } from "pino";
import { beforeEach, expect, test } from "vitest";
import { detachLateWrites } from "./detached-writes.ts";

const log = pino({ level: "silent" });
let written: SignalDataSet[];
let keys: ReturnType<typeof addTransactionCapability>;

function open() {
  return addTransactionCapability(
    {
      get: async (type) => ({ known: `stored ${type}` }) as never,
      set: async (data) => void written.push(data),
    },
    log,
    { maxCommitRetries: 1, delayBetweenTriesMs: 0 },
  );
}

beforeEach(() => {
  written = [];
  keys = open();
  detachLateWrites(keys);
});

const write = async (device: string) => keys.set({ "device-list": { [device]: ["0"] } });

test("Baileys still loses what comes after the end; without this the patch can go", async () => {
  const unpatched = open();
  const ended = Promise.withResolvers<undefined>();
  let late: Promise<unknown> | undefined;
  await unpatched.transaction(async () => {
    late = ended.promise.then(() => unpatched.set({ "device-list": { late: ["0"] } }));
  }, "outer");
  ended.resolve(undefined);
  await late;
  expect(written).toEqual([]);
});

test("what a transaction writes is stored together at its end", async () => {
  await keys.transaction(async () => {
    await write("one");
    await keys.transaction(() => write("two"), "inner");
    expect(written).toEqual([]);
  }, "outer");
  expect(written).toEqual([{ "device-list": { one: ["0"], two: ["0"] } }]);
});

test("what a transaction starts without awaiting it is stored after its end", async () => {
  const ended = Promise.withResolvers<undefined>();
  let late: Promise<unknown> | undefined;
  await keys.transaction(async () => {
    late = ended.promise.then(async () => {
      expect(await keys.get("device-list", ["known"])).toEqual({ known: "stored device-list" });
      await write("late");
      await keys.transaction(() => write("later"), "another");
    });
  }, "outer");
  expect(written).toEqual([]);
  ended.resolve(undefined);
  await late;
  expect(written).toEqual([
    { "device-list": { late: ["0"] } },
    { "device-list": { later: ["0"] } },
  ]);
});
