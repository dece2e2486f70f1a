import type { SessionState } from "../../shared/session.ts";
import { backoffMs, type BackoffLimits } from "../wait/backoff.ts";
import type { CloseReason } from "../whatsapp/close-reason.ts";

export interface Circumstances {
  /** Whether the session has credentials of a linked device. */
  isPaired: boolean;
  /** Closes in a row without a connection that held. */
  failures: number;
  /** Whether a QR code was requested not too long ago. */
  isPairingRequested: boolean;
  backoff: BackoffLimits;
  random: () => number;
}

/** What a session does after its connection ended. */
export type Next =
  /** Open another connection after `delayMs`. */
  | { kind: "reconnect"; delayMs: number; state: SessionState; reason: string }
  /** The device was unlinked: delete its keys, then show a new QR code. */
  | { kind: "logged_out"; delayMs: number; reason: string }
  /** Stay closed until the tenant connects the session again. */
  | { kind: "stop"; reason: string };

const restartRequired = 515;
const loggedOut = 401;
const replaced = 440;
const forbidden = 403;

const reasons: Record<number, string> = {
  401: "logged_out",
  402: "temporarily_banned",
  403: "forbidden",
  405: "client_outdated",
  408: "timed_out",
  411: "multidevice_mismatch",
  428: "connection_closed",
  440: "replaced",
  500: "bad_session",
  503: "unavailable",
  515: "restart_required",
};

/** A stable word for a close code. */
export function reasonOf({ code, detail }: CloseReason): string {
  if (detail === "device_removed") return "logged_out";
  return (code === undefined ? undefined : reasons[code]) ?? "connection_lost";
}

export function afterClose(closed: CloseReason, circumstances: Circumstances): Next {
  const { isPaired, failures, isPairingRequested, backoff, random } = circumstances;
  const reason = reasonOf(closed);
  if (closed.code === restartRequired) {
    const state = isPaired ? "reconnecting" : "connecting";
    return { kind: "reconnect", delayMs: 0, state, reason };
  }
  const delayMs = backoffMs(failures, backoff, random);

  if (!isPaired) {
    if (!isPairingRequested) return { kind: "stop", reason: "qr_timeout" };
    // The connection has shown all of its QR codes; another one has new codes.
    const areCodesUsedUp = closed.code === 408;
    return {
      kind: "reconnect",
      delayMs: areCodesUsedUp ? 0 : delayMs,
      state: "connecting",
      reason,
    };
  }
  if (reason === "logged_out" || closed.code === loggedOut) {
    return { kind: "logged_out", delayMs: 0, reason: "logged_out" };
  }
  if (closed.code === replaced || closed.code === forbidden) return { kind: "stop", reason };
  return { kind: "reconnect", delayMs, state: "reconnecting", reason };
}
