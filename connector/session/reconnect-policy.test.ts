import { expect, test } from "vitest";
import { afterClose, type Circumstances, reasonOf } from "./reconnect-policy.ts";

const paired: Circumstances = {
  isPaired: true,
  failures: 0,
  isPairingRequested: true,
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

test("an unpaired session shows new QR codes while pairing is requested", () => {
  expect(afterClose({ code: 408 }, unpaired)).toMatchObject({ kind: "reconnect", delayMs: 0 });
  expect(afterClose({ code: 503 }, unpaired)).toMatchObject({ kind: "reconnect", delayMs: 1000 });
  expect(afterClose({ code: 408 }, { ...unpaired, isPairingRequested: false })).toEqual({
    kind: "stop",
    reason: "qr_timeout",
  });
});

test("an unknown code has a reason too", () => {
  expect(reasonOf({ code: 599 })).toBe("connection_lost");
});
