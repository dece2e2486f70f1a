import { expect, test } from "vitest";
import { isConnectionFailure } from "./close-reason.ts";

/** The error that Baileys throws. */
function closedWith(statusCode: number): Error {
  return Object.assign(new Error("closed"), { output: { statusCode } });
}

test("a failed write to a dead socket, and the error of a closed one, are connection failures", () => {
  const pipe = Object.assign(new Error("write EPIPE"), { code: "EPIPE", syscall: "write" });
  expect(isConnectionFailure(pipe)).toBe(true);
  expect(isConnectionFailure(closedWith(428))).toBe(true);
});

test("an error about the message itself is not a connection failure", () => {
  expect(isConnectionFailure(new Error("All encryptions failed"))).toBe(false);
  expect(isConnectionFailure(closedWith(408))).toBe(false);
  expect(isConnectionFailure(undefined)).toBe(false);
});
