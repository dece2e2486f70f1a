import type { SessionState } from "../../shared/session.ts";
import { backoffMs, type BackoffLimits } from "../wait/backoff.ts";

/** Why a link ended, as WhatsApp said it. */
export interface Closed {
  code?: number;
  detail?: string;
}

export interface Circumstances {
  /** Whether the session has credentials of a linked device. */
  paired: boolean;
  /** Closes in a row without a connection that held. */
  failures: number;
  /** Whether somebody asked for a QR not too long ago. */
  wanted: boolean;
  backoff: BackoffLimits;
  random: () => number;
}

/** What a session does after its link ended. */
export type Next =
  /** Open a new link after `delayMs`. */
  | { kind: "reconnect"; delayMs: number; state: SessionState; reason: string }
  /** The device was unlinked: forget it, then show a new QR. */
  | { kind: "logged_out"; delayMs: number; reason: string }
  /** Stay closed until it is asked for again. */
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
export function reasonOf({ code, detail }: Closed): string {
  if (detail === "device_removed") return "logged_out";
  return (code === undefined ? undefined : reasons[code]) ?? "connection_lost";
}

export function afterClose(closed: Closed, circumstances: Circumstances): Next {
  const { paired, failures, wanted, backoff, random } = circumstances;
  const reason = reasonOf(closed);
  if (closed.code === restartRequired) {
    return { kind: "reconnect", delayMs: 0, state: paired ? "reconnecting" : "connecting", reason };
  }
  const delayMs = backoffMs(failures, backoff, random);

  if (!paired) {
    if (!wanted) return { kind: "stop", reason: "qr_timeout" };
    // Its QR codes were used up: the next ones at once.
    const usedUp = closed.code === 408;
    return { kind: "reconnect", delayMs: usedUp ? 0 : delayMs, state: "connecting", reason };
  }
  if (reason === "logged_out" || closed.code === loggedOut) {
    return { kind: "logged_out", delayMs: 0, reason: "logged_out" };
  }
  if (closed.code === replaced || closed.code === forbidden) return { kind: "stop", reason };
  return { kind: "reconnect", delayMs, state: "reconnecting", reason };
}
