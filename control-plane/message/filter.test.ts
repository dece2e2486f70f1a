import { expect, test } from "vitest";
import { uuidV7 } from "../../shared/ids.ts";
import { idFloor, messageFilter, messageQuerySchema } from "./filter.ts";

function filter(query: Record<string, string>) {
  return messageFilter(messageQuerySchema.parse(query));
}

test("a moment becomes the id that its first message can have", () => {
  const now = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  expect(uuidV7(now) > idFloor(now)).toBe(true);
  expect(uuidV7(now - 1) < idFloor(now)).toBe(true);
});

test("a time with an offset is the same moment", () => {
  expect(filter({ since: "2026-01-02T04:04:05.678+01:00" }).fromId).toBe(
    filter({ since: "2026-01-02T03:04:05.678Z" }).fromId,
  );
});

test("incoming messages are the received ones", () => {
  expect(filter({ direction: "in" })).toMatchObject({ status: "RECEIVED", nothing: false });
  expect(filter({ direction: "in", status: "SENT" })).toMatchObject({ nothing: true });
});

test("the status of an outgoing message says its direction", () => {
  expect(filter({ direction: "out" })).toMatchObject({ outgoing: true, status: undefined });
  expect(filter({ direction: "out", status: "READ" })).toMatchObject({
    outgoing: false,
    status: "READ",
    nothing: false,
  });
  expect(filter({ direction: "out", status: "RECEIVED" })).toMatchObject({ nothing: true });
});

test("a chat is found by any way to write its number", () => {
  expect(filter({ chat: "+39 333 123 4567" }).chatId).toBe("393331234567@s.whatsapp.net");
  expect(messageQuerySchema.safeParse({ chat: "nobody" }).success).toBe(false);
});
