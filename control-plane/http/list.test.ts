import { expect, test } from "vitest";
import { decodeCursor, encodeCursor, toPage } from "./list.ts";

const id = "01890a5d-ac96-774b-bcce-b302099a8057";

test("a cursor decodes to the id it was made from", () => {
  expect(decodeCursor(encodeCursor(id))).toBe(id);
});

test.each(["", "x", "%%%", btoa("not an id")])("%j is not a cursor", (cursor) => {
  expect(() => decodeCursor(cursor)).toThrow("Correct the field");
});

test("a page has a cursor only when more rows follow", () => {
  const rows = [{ id }, { id: `${id}2` }];
  const idOf = (row: { id: string }) => row.id;
  expect(toPage(rows, { limit: 2, idOf })).toEqual({ data: rows, next_cursor: null });
  expect(toPage(rows, { limit: 1, idOf })).toEqual({
    data: [{ id }],
    next_cursor: encodeCursor(id),
  });
});
