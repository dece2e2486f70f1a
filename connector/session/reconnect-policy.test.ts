import { expect, test } from "vitest";
import { afterClose, type Circumstances, reasonOf } from "./reconnect-policy.ts";

const paired: Circumstances = {
  isPaired: true,
  failures: 0,
  isPairingRequested: true,
  isCodeShown: false,
  isTakenOver: false,
  backoff: { baseMs: 1000, capMs: 60_000 },
  random: () => 1,
};
const unpaired = { ...paired, isPaired: false };

test("the restart that WhatsApp requires after pairing happens at once", () => {
  expect(afterClose({ code: 515 }, paired)).toMatchObject({ kind: "reconnect", delayMs: 0 });
});

test.each([
  [{ code: 401 }],
  [{ code: 440, detail: "device_removed" }],
  [{ detail: "device_removed" }],
])("%j unlinks the device", (closed) => {
  expect(afterClose(closed, paired)).toEqual({
    kind: "logged_out",
    delayMs: 0,
    reason: "logged_out",
  });
});

test.each([
  [440, "replaced"],
  [403, "forbidden"],
  [402, "temporarily_banned"],
  [405, "client_outdated"],
])("%i stops the session", (code, reason) => {
  expect(afterClose({ code }, paired)).toEqual({ kind: "stop", reason });
});

test.each([408, 428, 500, 503, 599, undefined])(
  "after %s the session reconnects, with a longer delay each time",
  (code) => {
    const closed = code === undefined ? {} : { code };
    expect(afterClose(closed, paired)).toMatchObject({
      kind: "reconnect",
      state: "reconnecting",
      delayMs: 1000,
    });
    expect(afterClose(closed, { ...paired, failures: 3 })).toMatchObject({ delayMs: 8000 });
  },
);

test("replaced soon after it was claimed from another connector, a session reconnects", () => {
  expect(afterClose({ code: 440 }, { ...paired, isTakenOver: true })).toMatchObject({
    kind: "reconnect",
    delayMs: 1000,
    reason: "replaced",
  });
});

test("a network that cannot be reached never logs a session out", () => {
  expect(afterClose({ unreachable: "Unexpected server response: 401" }, paired)).toMatchObject({
    kind: "reconnect",
    delayMs: 1000,
    reason: "unreachable",
  });
});

test("an unpaired session shows new QR codes while pairing is requested", () => {
  const shown = { ...unpaired, isCodeShown: true };
  expect(afterClose({ code: 408 }, shown)).toMatchObject({ kind: "reconnect", delayMs: 0 });
  expect(afterClose({ code: 408 }, unpaired)).toMatchObject({ kind: "reconnect", delayMs: 1000 });
  expect(afterClose({ code: 503 }, unpaired)).toMatchObject({ kind: "reconnect", delayMs: 1000 });
  expect(afterClose({ code: 408 }, { ...unpaired, isPairingRequested: false })).toEqual({
    kind: "stop",
    reason: "qr_timeout",
  });
});

test("an unknown code has a reason too", () => {
  expect(reasonOf({ code: 599 })).toBe("connection_lost");
});
