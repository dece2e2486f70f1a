import { expect, test } from "vitest";
import { TransferSlots } from "./transfer-slots.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("a tenant has its share, and waits without keeping others from theirs", async () => {
  const slots = new TransferSlots({ total: 3, perTenant: 2 });
  const started: string[] = [];
  const ends: (() => void)[] = [];
  const never = new AbortController().signal;
  const runs = ["a1", "a2", "a3", "b1", "b2"].map((name) =>
    slots.run(name.slice(0, 1), never, async () => {
      started.push(name);
      await new Promise<void>((resolve) => ends.push(resolve));
    }),
  );
  await turn();
  expect(started).toEqual(["a1", "a2", "b1"]);
  ends[2]?.();
  await turn();
  expect(started).toEqual(["a1", "a2", "b1", "b2"]);
  ends[0]?.();
  await turn();
  expect(started.at(-1)).toBe("a3");
  for (const end of ends) end();
  await turn();
  for (const end of ends) end();
  await Promise.all(runs);
});

test("who waits can give up, and a failure frees the slot", async () => {
  const slots = new TransferSlots({ total: 1, perTenant: 1 });
  const never = new AbortController().signal;
  const failing = slots.run("a", never, () => Promise.reject(new Error("failed")));
  const abort = new AbortController();
  const waiting = slots.run("b", abort.signal, () => Promise.resolve());
  abort.abort(new Error("ended"));
  await expect(waiting).rejects.toThrow("ended");
  await expect(failing).rejects.toThrow("failed");
  expect(await slots.run("c", never, () => Promise.resolve(1))).toBe(1);
});
