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
  /** Whether the connection showed a QR code or a pairing code. */
  isCodeShown: boolean;
  /** Whether another connector had the session a moment ago. */
  isTakenOver: boolean;
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
const temporarilyBanned = 402;
const forbidden = 403;
const clientOutdated = 405;
const timedOut = 408;

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
export function reasonOf({ code, detail, unreachable }: CloseReason): string {
  if (unreachable !== undefined) return "unreachable";
  if (detail === "device_removed") return "logged_out";
  return (code === undefined ? undefined : reasons[code]) ?? "connection_lost";
}

export function afterClose(closed: CloseReason, circumstances: Circumstances): Next {
  const { isPaired, failures, backoff, random } = circumstances;
  const { code } = closed;
  const reason = reasonOf(closed);
  if (code === restartRequired) {
    const state = isPaired ? "reconnecting" : "connecting";
    return { kind: "reconnect", delayMs: 0, state, reason };
  }
  // Trying again changes neither.
  if (code === temporarilyBanned || code === clientOutdated) return { kind: "stop", reason };
  const delayMs = backoffMs(failures, backoff, random);
  if (!isPaired) return afterPairing(closed, { reason, delayMs }, circumstances);

  if (reason === "logged_out" || code === loggedOut) {
    return { kind: "logged_out", delayMs: 0, reason: "logged_out" };
  }
  // The former owner may have opened its last connection after ours.
  const isFormerOwner = code === replaced && circumstances.isTakenOver;
  if (code === forbidden || (code === replaced && !isFormerOwner)) return { kind: "stop", reason };
  return { kind: "reconnect", delayMs, state: "reconnecting", reason };
}

function afterPairing(
  { code, unreachable }: CloseReason,
  { reason, delayMs }: { reason: string; delayMs: number },
  { isPairingRequested, isCodeShown }: Circumstances,
): Next {
  if (!isPairingRequested) {
    return { kind: "stop", reason: unreachable === undefined ? "qr_timeout" : reason };
  }
  // The connection has shown all of its QR codes; another one has new codes.
  const areCodesUsedUp = code === timedOut && isCodeShown;
  return { kind: "reconnect", delayMs: areCodesUsedUp ? 0 : delayMs, state: "connecting", reason };
}
