import { expect, test } from "vitest";
import type { CloseReason } from "../whatsapp/close-reason.ts";
import {
  type SessionEvent,
  type SessionStatus,
  transition,
  type TransitionLimits,
} from "./session-state.ts";

const limits: TransitionLimits = {
  network: "live",
  reconnect: { baseMs: 1000, capMs: 60_000 },
  random: () => 1,
  now: () => Date.UTC(2026, 0, 1),
};
const at = "2026-01-01T00:00:00.000Z";
const online: SessionStatus = { state: "connected", failures: 0 };
const unpaired: SessionStatus = { state: "connecting", failures: 0 };
const qr: SessionEvent = {
  kind: "qr_received",
  qr: "2@abc",
  expiresAt: at,
  isPairingRequested: true,
};

function closed(
  reason: CloseReason,
  { isPaired, isTakenOver = false }: { isPaired: boolean; isTakenOver?: boolean },
): SessionEvent {
  return { kind: "closed", closed: reason, isPaired, isPairingRequested: true, isTakenOver };
}

function closedWith(code: number, isPaired: boolean): SessionEvent {
  return closed({ code }, { isPaired });
}

test("a QR code is stored and announced", () => {
  expect(transition(unpaired, qr, limits)).toEqual({
    status: { state: "qr", failures: 0 },
    write: {
      change: {
        patch: { state: "qr", qr: "2@abc", qr_expires_at: at },
        event: "session.qr_code",
        event_data: { qr: "2@abc", expires_at: at },
      },
    },
    action: { kind: "none" },
  });
});

test("a QR code received while a pairing code is shown makes no event and keeps the state", () => {
  const { status, write } = transition({ state: "pairing_code", failures: 0 }, qr, limits);
  expect(status.state).toBe("pairing_code");
  expect(write?.change).not.toHaveProperty("event");
});

test("a QR code that nobody requested any more ends the session", () => {
  const event = { ...qr, isPairingRequested: false } as SessionEvent;
  expect(transition(unpaired, event, limits)).toMatchObject({
    status: { state: "disconnected" },
    write: {
      change: { patch: { desired: "disconnected", last_disconnect: { reason: "qr_timeout" } } },
    },
    action: { kind: "end" },
  });
});

test("requesting a new QR code replaces a pairing code and the device it was for", () => {
  expect(
    transition({ state: "pairing_code", failures: 2 }, { kind: "qr_requested" }, limits),
  ).toMatchObject({
    status: { state: "connecting" },
    write: { change: { patch: { state: "connecting", qr: null, pairing_code: null } } },
    action: { kind: "open", delayMs: 0, device: "new" },
  });
});

test("a pairing code is stored without an event", () => {
  const event: SessionEvent = { kind: "pairing_code_received", code: "ABCD-1234", expiresAt: at };
  const { status, write } = transition({ state: "qr", failures: 0 }, event, limits);
  expect(status.state).toBe("pairing_code");
  expect(write?.change).toEqual({
    patch: { state: "pairing_code", pairing_code: "ABCD-1234", pairing_code_expires_at: at },
  });
});

test("a session that connects stores who it is and takes back what it showed for pairing", () => {
  const me = { phone: "393331234567", lid: "1@lid" };
  expect(transition(unpaired, { kind: "connected", me }, limits)).toMatchObject({
    status: { state: "connected" },
    write: {
      change: {
        patch: { state: "connected", ...me, connected_at: at, qr: null },
        event: "session.connected",
      },
    },
    action: { kind: "none" },
  });
});

test("a scanned code is taken back at once, and the restart after it is part of connecting", () => {
  const paired = transition({ state: "qr", failures: 0 }, { kind: "paired" }, limits);
  expect(paired).toEqual({
    status: { state: "connecting", failures: 0 },
    write: {
      change: {
        patch: {
          state: "connecting",
          qr: null,
          qr_expires_at: null,
          pairing_code: null,
          pairing_code_expires_at: null,
        },
      },
    },
    action: { kind: "none" },
  });
  const restarted = transition(paired.status, closedWith(515, true), limits);
  expect(restarted.status.state).toBe("connecting");
  expect(restarted.action).toEqual({ kind: "open", delayMs: 0, device: "same" });
  expect(transition(online, closedWith(515, true), limits).status.state).toBe("reconnecting");
});

test("the delay before a reconnect grows until a connection held", () => {
  const first = transition(online, closedWith(503, true), limits);
  expect(first.action).toEqual({ kind: "open", delayMs: 1000, device: "same" });
  const second = transition(first.status, closedWith(503, true), limits);
  expect(second.action).toMatchObject({ delayMs: 2000 });
  const held = transition(second.status, { kind: "connection_held" }, limits);
  expect(transition(held.status, closedWith(503, true), limits).action).toMatchObject({
    delayMs: 1000,
  });
});

test("after a login that succeeded the delay stays short, however often the line drops", () => {
  const me = { phone: "393331234567", lid: null };
  let status: SessionStatus = { state: "reconnecting", failures: 9 };
  const delays: unknown[] = [];
  for (let drops = 0; drops < 5; drops++) {
    status = transition(status, { kind: "connected", me }, limits).status;
    const dropped = transition(status, closedWith(503, true), limits);
    status = dropped.status;
    if (dropped.action.kind === "open") delays.push(dropped.action.delayMs);
  }
  expect(delays).toEqual([4000, 4000, 4000, 4000, 4000]);
});

test("a network that cannot be reached is the session's last_disconnect, without an event", () => {
  const failed = transition(
    unpaired,
    closed({ unreachable: "ENOTFOUND" }, { isPaired: false }),
    limits,
  );
  expect(failed).toMatchObject({
    status: { state: "connecting", failures: 1, isUnreachable: true },
    action: { kind: "open", delayMs: 1000 },
  });
  const change = failed.write?.change;
  expect(change).not.toHaveProperty("event");
  expect(change?.patch.last_disconnect).toEqual({
    reason: "unreachable",
    detail: expect.stringContaining("WhatsApp cannot be reached from the connector (ENOTFOUND)"),
    at,
  });
  const shown = transition(failed.status, qr, limits);
  expect(shown.write?.change.patch).toMatchObject({ state: "qr", last_disconnect: null });
  expect(shown.status).toEqual({ state: "qr", failures: 1 });
});

test("an unpaired session without a network tries again less and less often", () => {
  let status = unpaired;
  const delays: unknown[] = [];
  for (let attempt = 0; attempt < 8; attempt++) {
    const failed = transition(
      status,
      closed({ unreachable: "ENOTFOUND" }, { isPaired: false }),
      limits,
    );
    status = failed.status;
    if (failed.action.kind === "open") delays.push(failed.action.delayMs);
  }
  expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
});

test("an outdated version stops the session and says what to do", () => {
  expect(transition(unpaired, closedWith(405, false), limits)).toMatchObject({
    status: { state: "disconnected" },
    write: {
      change: {
        patch: {
          desired: "disconnected",
          last_disconnect: {
            reason: "client_outdated",
            code: 405,
            detail: expect.stringContaining("Set WA_WEB_VERSION"),
          },
        },
      },
    },
    action: { kind: "end" },
  });
});

test("replaced soon after a takeover, the session connects again", () => {
  const event = closed({ code: 440 }, { isPaired: true, isTakenOver: true });
  expect(transition(online, event, limits)).toMatchObject({
    status: { state: "reconnecting" },
    action: { kind: "open", delayMs: 1000, device: "same" },
  });
});

test("only a session that was connected announces that it is not any more", () => {
  const lost = transition(online, closedWith(503, true), limits);
  expect(lost.write?.change).toMatchObject({
    event: "session.disconnected",
    event_data: { reason: "unavailable", code: 503 },
    patch: { state: "reconnecting", connected_at: null },
  });
  expect(lost.write?.change.patch).not.toHaveProperty("phone");
  const failed = transition(lost.status, closedWith(503, true), limits);
  expect(failed.write?.change).not.toHaveProperty("event");
});

test("an unpaired session begins every connection as a new device", () => {
  expect(transition({ state: "qr", failures: 0 }, closedWith(408, false), limits).action).toEqual({
    kind: "open",
    delayMs: 0,
    device: "new",
  });
});

test("a logged-out session deletes its keys and identity, and begins as a new device", () => {
  expect(transition(online, closedWith(401, true), limits)).toMatchObject({
    status: { state: "logged_out" },
    write: {
      clearAuth: true,
      change: {
        patch: { state: "logged_out", phone: null, lid: null },
        event: "session.disconnected",
        event_data: { reason: "logged_out", code: 401 },
      },
    },
    action: { kind: "open", delayMs: 0, device: "new" },
  });
});

test("a replaced session stays away until it is connected again", () => {
  expect(transition(online, closedWith(440, true), limits)).toMatchObject({
    status: { state: "disconnected" },
    write: {
      change: { patch: { desired: "disconnected" }, event_data: { reason: "replaced", code: 440 } },
    },
    action: { kind: "end" },
  });
});

test("a stop keeps the keys, an unlink deletes them", () => {
  const stop = transition(online, { kind: "stopped", reason: "requested" }, limits);
  expect(stop.write?.clearAuth).toBeUndefined();
  expect(stop.write?.change.patch).not.toHaveProperty("phone");
  const unlink = transition(online, { kind: "unlinked" }, limits);
  expect(unlink.write).toMatchObject({ clearAuth: true, change: { patch: { phone: null } } });
  expect([stop.action, unlink.action]).toEqual([{ kind: "end" }, { kind: "end" }]);
});

test("a session whose keys were refused is released later, and is still wanted", () => {
  const refused = transition(online, { kind: "keys_refused" }, limits);
  expect(refused.action).toEqual({ kind: "release", delayMs: 60_000 });
  expect(refused.status.state).toBe("reconnecting");
  expect(refused.write?.change.patch).not.toHaveProperty("desired");
});
