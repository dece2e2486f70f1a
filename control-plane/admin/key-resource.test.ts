import { expect, test } from "vitest";
import { makeKey } from "./key-resource.ts";

test("a key says its network, and no two are the same", () => {
  const { key, hint } = makeKey("sandbox");
  expect(key).toMatch(/^sk_test_[A-Za-z0-9]{32}$/);
  expect(key.startsWith(hint)).toBe(true);
  expect(makeKey("live").key).toMatch(/^sk_live_/);
  expect(makeKey("sandbox").key).not.toBe(key);
});
