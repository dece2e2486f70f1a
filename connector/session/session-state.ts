import type { SessionState } from "../../shared/session.ts";
import type { BackoffLimits } from "../wait/backoff.ts";
import type { CloseReason } from "../whatsapp/close-reason.ts";
import { type Identity, nobody } from "../whatsapp/identity.ts";
import type { ChangeItem } from "../write/write.ts";
import { afterClose } from "./reconnect-policy.ts";

/** Where a session stands. */
export interface SessionStatus {
  state: SessionState;
  /** Closes in a row without a connection that held. */
  failures: number;
}

export type SessionEvent =
  | { kind: "qr_received"; qr: string; expiresAt: string; isPairingRequested: boolean }
  | { kind: "qr_requested" }
  | { kind: "pairing_code_received"; code: string; expiresAt: string }
  /** The phone has accepted this device, which must connect again to log in. */
  | { kind: "paired" }
  | { kind: "connected"; me: Identity }
  /** The connection has been open for long enough to call it a good one. */
  | { kind: "connection_held" }
  | { kind: "closed"; closed: CloseReason; isPaired: boolean; isPairingRequested: boolean }
  | { kind: "stopped"; reason: string; code?: number | undefined }
  /** The device was unlinked at the request of the tenant. */
  | { kind: "unlinked" }
  /** The database refused keys: those in memory are ahead of the stored ones. */
  | { kind: "keys_refused" };

/** What a session stores with a transition. */
export interface StateWrite {
  items: [ChangeItem];
  /** Delete the credentials and keys of the device. */
  clearAuth?: boolean;
}

/** What a session does after a transition. */
export type Action =
  | { kind: "none" }
  /** Open a connection, as the same device or as a new one that is not paired yet. */
  | { kind: "open"; delayMs: number; device: "same" | "new" }
  /** Close and give the session up once the change is stored. */
  | { kind: "end" }
  /** Give the session up after `delayMs`, so that it can be claimed again. */
  | { kind: "release"; delayMs: number };

export interface Transition {
  status: SessionStatus;
  write?: StateWrite;
  action: Action;
}

export interface TransitionLimits {
  reconnect: BackoffLimits;
  random: () => number;
  /** The time of the event. */
  now: () => number;
}

const none: Action = { kind: "none" };

/** What an event makes of a session: its next status, what to store and what to do. */
export function transition(
  status: SessionStatus,
  event: SessionEvent,
  limits: TransitionLimits,
): Transition {
  switch (event.kind) {
    case "qr_received":
      return event.isPairingRequested
        ? showQr(status, event)
        : stop(status, { reason: "qr_timeout" }, limits);
    case "qr_requested":
      return {
        status: { ...status, state: "connecting" },
        write: { items: [change({ patch: { state: "connecting", ...noPairing } })] },
        action: { kind: "open", delayMs: 0, device: "new" },
      };
    case "pairing_code_received": {
      const { code, expiresAt } = event;
      const patch = {
        state: "pairing_code" as const,
        pairing_code: code,
        pairing_code_expires_at: expiresAt,
      };
      return {
        status: { ...status, state: "pairing_code" },
        write: { items: [change({ patch })] },
        action: none,
      };
    }
    case "paired":
      return {
        status: { ...status, state: "connecting" },
        write: { items: [change({ patch: { state: "connecting", ...noPairing } })] },
        action: none,
      };
    case "connected":
      return {
        status: { ...status, state: "connected" },
        write: { items: [connected(event.me, limits)] },
        action: none,
      };
    case "connection_held":
      return { status: { ...status, failures: 0 }, action: none };
    case "closed":
      return afterConnection(status, event, limits);
    case "stopped":
      return stop(status, event, limits);
    case "unlinked":
      return {
        status: { ...status, state: "disconnected" },
        write: {
          clearAuth: true,
          items: [disconnected({ state: "disconnected", reason: "unlinked" }, limits)],
        },
        action: { kind: "end" },
      };
    case "keys_refused":
      return {
        status: { ...status, state: "reconnecting" },
        write: {
          items: [disconnected({ state: "reconnecting", reason: "keys_not_stored" }, limits)],
        },
        // The reason may last: claiming it again at once would fail again.
        action: { kind: "release", delayMs: limits.reconnect.capMs },
      };
  }
}

/** The change of a session that ended with this reason and stays so until it is connected again. */
export function stopped(
  cause: { reason: string; code?: number | undefined },
  limits: Pick<TransitionLimits, "now">,
): ChangeItem {
  return disconnected({ state: "disconnected", ...cause }, limits);
}

function stop(
  status: SessionStatus,
  { reason, code }: { reason: string; code?: number | undefined },
  limits: TransitionLimits,
): Transition {
  return {
    status: { ...status, state: "disconnected" },
    write: { items: [stopped({ reason, code }, limits)] },
    action: { kind: "end" },
  };
}

function showQr(
  status: SessionStatus,
  { qr, expiresAt }: { qr: string; expiresAt: string },
): Transition {
  const patch = { qr, qr_expires_at: expiresAt };
  // While a code is being typed, the QR is kept without a word about it.
  if (status.state === "pairing_code") {
    const items: [ChangeItem] = [change({ patch: { state: "pairing_code", ...patch } })];
    return { status, write: { items }, action: none };
  }
  return {
    status: { ...status, state: "qr" },
    write: {
      items: [
        change({
          patch: { state: "qr", ...patch },
          event: "session.qr_code",
          event_data: { qr, expires_at: expiresAt },
        }),
      ],
    },
    action: none,
  };
}

function afterConnection(
  status: SessionStatus,
  { closed, isPaired, isPairingRequested }: SessionEvent & { kind: "closed" },
  limits: TransitionLimits,
): Transition {
  const next = afterClose(closed, {
    isPaired,
    isPairingRequested,
    failures: status.failures,
    backoff: limits.reconnect,
    random: limits.random,
  });
  switch (next.kind) {
    case "stop":
      return stop(status, { reason: next.reason, code: closed.code }, limits);
    case "logged_out":
      return {
        status: { ...status, state: "logged_out" },
        write: {
          clearAuth: true,
          items: [
            disconnected({ state: "logged_out", reason: next.reason, code: closed.code }, limits),
          ],
        },
        action: { kind: "open", delayMs: next.delayMs, device: "new" },
      };
    case "reconnect": {
      const { reason, delayMs } = next;
      // The first login after a scan is not a reconnect.
      const state = delayMs === 0 && status.state === "connecting" ? status.state : next.state;
      const item =
        status.state === "connected"
          ? disconnected({ state, reason, code: closed.code }, limits)
          : change({ patch: { state, ...noPairing } });
      return {
        status: { state, failures: delayMs > 0 ? status.failures + 1 : status.failures },
        write: { items: [item] },
        action: { kind: "open", delayMs, device: isPaired ? "same" : "new" },
      };
    }
  }
}

/** What is shown for pairing belongs to the connection that showed it. */
const noPairing = {
  qr: null,
  qr_expires_at: null,
  pairing_code: null,
  pairing_code_expires_at: null,
};

function change(item: Omit<ChangeItem, "kind">): ChangeItem {
  return { kind: "change", ...item };
}

function connected(me: Identity, { now }: TransitionLimits): ChangeItem {
  return change({
    patch: {
      state: "connected",
      ...me,
      connected_at: new Date(now()).toISOString(),
      ...noPairing,
    },
    event: "session.connected",
  });
}

function disconnected(
  ended: { state: SessionState; reason: string; code?: number | undefined },
  { now }: Pick<TransitionLimits, "now">,
): ChangeItem {
  const { state, reason, code } = ended;
  const cause = { reason, ...(code === undefined ? {} : { code }) };
  const isUnlinked = state === "logged_out" || reason === "unlinked";
  return change({
    patch: {
      state,
      last_disconnect: { ...cause, at: new Date(now()).toISOString() },
      ...noPairing,
      connected_at: null,
      ...(state === "disconnected" ? { desired: "disconnected" } : {}),
      ...(isUnlinked ? nobody : {}),
    },
    event: "session.disconnected",
    event_data: cause,
  });
}
