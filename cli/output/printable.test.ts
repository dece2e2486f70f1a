import { expect, test } from "vitest";
import { table } from "./output.ts";
import { printable } from "./printable.ts";

test("a hostile text cannot move the cursor, colour or turn what follows", () => {
  const hostile = "\u001B[2J\u001B]0;title\u0007\r\u009B31mHi\u202Eevil\nnext";
  expect(printable(hostile)).toBe("�[2J�]0;title���31mHi�evil⏎next");
  expect(printable("Ciao 👋🏽 עברית")).toBe("Ciao 👋🏽 עברית");
});

test("a table is aligned, and its cells are printable", () => {
  expect(
    table(
      ["A", "B"],
      [
        ["long one", null],
        ["\u001B[31m", "x"],
      ],
    ),
  ).toEqual(["A         B", "long one  -", "�[31m     x"]);
});
