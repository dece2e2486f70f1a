import { expect, test } from "vitest";
import { makeKey } from "./make-key.ts";

test("a key starts with its network's prefix and is unique", () => {
  const { key, prefix } = makeKey("sandbox");
  expect(key).toMatch(/^sk_test_[A-Za-z0-9]{32}$/);
  expect(key.startsWith(prefix)).toBe(true);
  expect(makeKey("live").key).toMatch(/^sk_live_/);
  expect(makeKey("sandbox").key).not.toBe(key);
});
