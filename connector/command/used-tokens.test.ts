import { expect, test } from "vitest";
import { UsedTokens } from "./used-tokens.ts";

test("an id is accepted once, and forgotten when its token cannot be valid any more", () => {
  let now = 0;
  const used = new UsedTokens(1000, () => now);
  expect(used.add("one")).toBe(true);
  now = 999;
  expect(used.add("one")).toBe(false);
  expect(used.add("two")).toBe(true);
  now = 1000;
  expect(used.add("three")).toBe(true);
  expect(used.size).toBe(2);
});
