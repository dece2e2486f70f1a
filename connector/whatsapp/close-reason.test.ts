import { expect, test } from "vitest";
import { isConnectionFailure, readCloseReason } from "./close-reason.ts";

/** The error that Baileys throws. */
function closedWith(statusCode: number, data?: unknown): Error {
  return Object.assign(new Error("closed"), { output: { statusCode }, data });
}

function socketError(message: string, code?: string): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
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

test.each([
  [
    closedWith(408, socketError("getaddrinfo ENOTFOUND web.whatsapp.com", "ENOTFOUND")),
    "ENOTFOUND",
  ],
  [
    closedWith(401, socketError("Unexpected server response: 401")),
    "Unexpected server response: 401",
  ],
  [undefined, "no response"],
])("%j before anything was received means that the network cannot be reached", (error, cause) => {
  expect(readCloseReason(error, { hasResponded: false })).toEqual({ unreachable: cause });
});

test("the code of a stanza is WhatsApp's, that of a socket error is not", () => {
  const responded = { hasResponded: true };
  const stanza = closedWith(401, { tag: "conflict", attrs: { type: "device_removed" } });
  expect(readCloseReason(stanza, responded)).toEqual({ code: 401, detail: "device_removed" });
  const reset = closedWith(408, socketError("read ECONNRESET", "ECONNRESET"));
  expect(readCloseReason(reset, responded)).toEqual({});
});
