import { expect, test } from "vitest";
import { uuidV7 } from "../../shared/ids.ts";
import { idFloor, messageQuerySchema } from "./filter.ts";

test("idFloor is the smallest id of its millisecond", () => {
  const now = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  expect(uuidV7(now) > idFloor(now)).toBe(true);
  expect(uuidV7(now - 1) < idFloor(now)).toBe(true);
});

test("a chat is found by any spelling of its number", () => {
  expect(messageQuerySchema.parse({ chat: "+39 333 123 4567" }).chat).toBe(
    "393331234567@s.whatsapp.net",
  );
  expect(messageQuerySchema.safeParse({ chat: "nobody" }).success).toBe(false);
});
