import { expect, test } from "vitest";
import { notConnected } from "./not-connected.ts";

test.each(["connecting", "qr", "pairing_code", "reconnecting", "connected"] as const)(
  "a linked session that is %s is worth waiting for",
  (state) => {
    expect(notConnected({ state, isPaired: true, sessionId: "main" })).toMatchObject({
      code: "session_unavailable",
    });
  },
);

test.each(["created", "connecting", "qr", "logged_out"] as const)(
  "a session without a phone that is %s needs a scan",
  (state) => {
    const error = notConnected({ state, isPaired: false, sessionId: "main" });
    expect(error).toMatchObject({ code: "session_not_connected" });
    expect(error.message).toContain("GET /session/main/qr");
  },
);

test("a session that was stopped must be started", () => {
  const error = notConnected({ state: "disconnected", isPaired: true, sessionId: "main" });
  expect(error).toMatchObject({ code: "session_not_connected" });
  expect(error.message).toContain("POST /session/main/connect");
});
