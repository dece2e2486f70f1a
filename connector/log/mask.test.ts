import { expect, test } from "vitest";
import { mask } from "./mask.ts";

test("only the last four digits of a number are shown", () => {
  expect(mask("393331234567:12@s.whatsapp.net")).toBe("…4567:12@s.whatsapp.net");
  expect(mask("no number in 1234")).toBe("no number in 1234");
  expect(mask(null)).toBeUndefined();
});
