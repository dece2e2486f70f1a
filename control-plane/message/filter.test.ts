import { expect, test } from "vitest";
import { uuidV7 } from "../../shared/ids.ts";
import { idFloor, messageFilter, messageQuerySchema } from "./filter.ts";

function filter(query: Record<string, string>) {
  return messageFilter(messageQuerySchema.parse(query));
}

test("idFloor is the smallest id of its millisecond", () => {
  const now = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  expect(uuidV7(now) > idFloor(now)).toBe(true);
  expect(uuidV7(now - 1) < idFloor(now)).toBe(true);
});

test("a time with a UTC offset is converted", () => {
  expect(filter({ since: "2026-01-02T04:04:05.678+01:00" }).fromId).toBe(
    filter({ since: "2026-01-02T03:04:05.678Z" }).fromId,
  );
});

test("incoming means the status RECEIVED", () => {
  expect(filter({ direction: "in" })).toMatchObject({ status: "RECEIVED", nothing: false });
  expect(filter({ direction: "in", status: "SENT" })).toMatchObject({ nothing: true });
});

test("any status but RECEIVED means outgoing", () => {
  expect(filter({ direction: "out" })).toMatchObject({ outgoing: true, status: undefined });
  expect(filter({ direction: "out", status: "READ" })).toMatchObject({
    outgoing: false,
    status: "READ",
    nothing: false,
  });
  expect(filter({ direction: "out", status: "RECEIVED" })).toMatchObject({ nothing: true });
});

test("a chat is found by any spelling of its number", () => {
  expect(filter({ chat: "+39 333 123 4567" }).chatId).toBe("393331234567@s.whatsapp.net");
  expect(messageQuerySchema.safeParse({ chat: "nobody" }).success).toBe(false);
});
