import { expect, test } from "vitest";
import { uuidV7 } from "./ids.ts";

test("an id contains its millisecond and sorts by it", () => {
  const now = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  const id = uuidV7(now);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toBe(now);
  expect(uuidV7(now + 1) > id).toBe(true);
  expect(uuidV7(now + 0.002) > uuidV7(now + 0.001)).toBe(true);
});

test("two ids of the same millisecond differ", () => {
  expect(uuidV7(0)).not.toBe(uuidV7(0));
});
