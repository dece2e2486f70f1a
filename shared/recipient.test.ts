import { expect, test } from "vitest";
import { parseRecipient } from "./recipient.ts";

const ada = { kind: "phone", jid: "393331234567@s.whatsapp.net", phone: "393331234567" };

test.each([
  "393331234567",
  "+393331234567",
  "+39 333 123-4567",
  "0039 (333) 1234567",
  "393331234567@s.whatsapp.net",
  "393331234567:12@s.whatsapp.net",
  "393331234567@c.us",
])("%s is a phone number", (to) => {
  expect(parseRecipient(to)).toEqual(ada);
});

test("a LID and a group keep their JIDs", () => {
  expect(parseRecipient("123456789012345@lid")).toEqual({
    kind: "lid",
    jid: "123456789012345@lid",
    lid: "123456789012345@lid",
  });
  expect(parseRecipient("120363041234567890@g.us")).toEqual({
    kind: "group",
    jid: "120363041234567890@g.us",
  });
});

test.each([
  "",
  "hello",
  "12",
  "3933312345671234567",
  "a@b@c",
  "393331234567@example.com",
  "x@g.us",
])("%j is not a valid recipient", (to) => {
  expect(parseRecipient(to)).toBeUndefined();
});
