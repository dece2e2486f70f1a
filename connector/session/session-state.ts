import type { Network, SessionState } from "../../shared/session.ts";
import type { BackoffLimits } from "../wait/backoff.ts";
import type { CloseReason } from "../whatsapp/close-reason.ts";
import type { Identity } from "../whatsapp/identity.ts";
import type { SessionChange, SessionPatch } from "../write/write.ts";
import { detailOf } from "./disconnect-detail.ts";
import { afterClose } from "./reconnect-policy.ts";
import {
  type Cause,
  connected,
  disconnected,
  disconnectOf,
  noPairing,
  stopped,
} from "./session-change.ts";

/** Where a session stands. */
export interface SessionStatus {
  state: SessionState;
  /** Closes in a row without a connection that held. */
  failures: number;
  /** Whether nothing came from the network when it was tried last. */
  isUnreachable?: boolean;
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
  | {
      kind: "closed";
      closed: CloseReason;
      isPaired: boolean;
      isPairingRequested: boolean;
      isTakenOver: boolean;
    }
  | { kind: "stopped"; reason: string; code?: number | undefined }
  /** The device was unlinked at the request of the tenant. */
  | { kind: "unlinked" }
  /** The database refused keys: those in memory are ahead of the stored ones. */
  | { kind: "keys_refused" };

/** What a session stores with a transition. */
export interface StateWrite {
  change: SessionChange;
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
  network: Network;
  reconnect: BackoffLimits;
  random: () => number;
  /** The time of the event. */
  now: () => number;
}

/** The failures that still count when a connection worked: one that drops at once is not hammered. */
const failuresAfterSuccess = 2;
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
        write: { change: { patch: { state: "connecting", ...noPairing } } },
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
        write: { change: { patch } },
        action: none,
      };
    }
    case "paired":
      return {
        status: { ...status, state: "connecting" },
        write: { change: { patch: { state: "connecting", ...noPairing } } },
        action: none,
      };
    case "connected":
      return {
        status: { state: "connected", failures: Math.min(status.failures, failuresAfterSuccess) },
        write: { change: connected(event.me, limits) },
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
          change: disconnected({ state: "disconnected", reason: "unlinked" }, limits),
        },
        action: { kind: "end" },
      };
    case "keys_refused":
      return {
        status: { ...status, state: "reconnecting" },
        write: {
          change: disconnected({ state: "reconnecting", reason: "keys_not_stored" }, limits),
        },
        // The reason may last: claiming it again at once would fail again.
        action: { kind: "release", delayMs: limits.reconnect.capMs },
      };
  }
}

function stop(
  status: SessionStatus,
  { reason, code, detail }: Cause,
  limits: TransitionLimits,
): Transition {
  return {
    status: { ...status, state: "disconnected" },
    write: { change: stopped({ reason, code, detail }, limits) },
    action: { kind: "end" },
  };
}

function showQr(
  status: SessionStatus,
  { qr, expiresAt }: { qr: string; expiresAt: string },
): Transition {
  const patch = {
    qr,
    qr_expires_at: expiresAt,
    ...(status.isUnreachable === true ? { last_disconnect: null } : {}),
  };
  const failures = Math.min(status.failures, failuresAfterSuccess);
  // While a code is being typed, the QR is kept without a word about it.
  if (status.state === "pairing_code") {
    const change = { patch: { state: status.state, ...patch } };
    return { status: { state: status.state, failures }, write: { change }, action: none };
  }
  return {
    status: { state: "qr", failures },
    write: {
      change: {
        patch: { state: "qr", ...patch },
        event: "session.qr_code",
        event_data: { qr, expires_at: expiresAt },
      },
    },
    action: none,
  };
}

function afterConnection(
  status: SessionStatus,
  { closed, ...event }: SessionEvent & { kind: "closed" },
  limits: TransitionLimits,
): Transition {
  const next = afterClose(closed, {
    ...event,
    isCodeShown: status.state === "qr" || status.state === "pairing_code",
    failures: status.failures,
    backoff: limits.reconnect,
    random: limits.random,
  });
  const { reason } = next;
  const cause = { reason, code: closed.code, detail: detailOf(reason, closed, limits.network) };
  switch (next.kind) {
    case "stop":
      return stop(status, cause, limits);
    case "logged_out":
      return {
        status: { ...status, state: "logged_out" },
        write: {
          clearAuth: true,
          change: disconnected({ state: "logged_out", ...cause }, limits),
        },
        action: { kind: "open", delayMs: next.delayMs, device: "new" },
      };
    case "reconnect": {
      const { delayMs } = next;
      // The first login after a scan is not a reconnect.
      const state = delayMs === 0 && status.state === "connecting" ? status.state : next.state;
      const change =
        status.state === "connected"
          ? disconnected({ state, ...cause }, limits)
          : { patch: { state, ...noPairing, ...failedAttempt(cause, next, limits) } };
      return {
        status: {
          state,
          failures: delayMs > 0 ? status.failures + 1 : status.failures,
          isUnreachable: closed.unreachable !== undefined,
        },
        write: { change },
        action: { kind: "open", delayMs, device: event.isPaired ? "same" : "new" },
      };
    }
  }
}

/** A connection that could not be opened says why; one that only begins again has no reason. */
function failedAttempt(
  cause: Cause,
  { delayMs }: { delayMs: number },
  { now }: TransitionLimits,
): Pick<SessionPatch, "last_disconnect"> {
  return delayMs === 0 ? {} : { last_disconnect: disconnectOf(cause, now) };
}
