import { expect, test } from "vitest";
import { isLineFailure } from "./close-reason.ts";

/** As Baileys throws it. */
function closedWith(statusCode: number): Error {
  return Object.assign(new Error("closed"), { output: { statusCode } });
}

test("a write to a dead socket, and what Baileys says of a closed one, are failures of the line", () => {
  const pipe = Object.assign(new Error("write EPIPE"), { code: "EPIPE", syscall: "write" });
  expect(isLineFailure(pipe)).toBe(true);
  expect(isLineFailure(closedWith(428))).toBe(true);
});

test("what is wrong with the message itself is not", () => {
  expect(isLineFailure(new Error("All encryptions failed"))).toBe(false);
  expect(isLineFailure(closedWith(408))).toBe(false);
  expect(isLineFailure(undefined)).toBe(false);
});
