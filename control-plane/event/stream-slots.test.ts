import { expect, test } from "vitest";
import { StreamSlots } from "./stream-slots.ts";

const a1 = { tenantId: "a", keyId: "a1" };
const a2 = { tenantId: "a", keyId: "a2" };
const b = { tenantId: "b", keyId: "b1" };

test("slots are limited per key, per tenant and in total, and can be taken again", () => {
  const slots = new StreamSlots({ perKey: 2, perTenant: 3, total: 4 });
  expect([slots.take(a1), slots.take(a1)]).toEqual([undefined, undefined]);
  expect(slots.take(a1)).toContain("API key has 2 open streams");
  expect(slots.take(a2)).toBeUndefined();
  expect(slots.take(a2)).toContain("tenant has 3 open streams");
  expect(slots.take(b)).toBeUndefined();
  expect(slots.take(b)).toContain("no room");
  slots.release(a1);
  expect(slots.take(b)).toBeUndefined();
});
