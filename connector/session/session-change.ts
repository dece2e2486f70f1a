import type { Disconnect, SessionState } from "../../shared/session.ts";
import { type Identity, nobody } from "../whatsapp/identity.ts";
import type { SessionChange } from "../write/write.ts";

interface Clock {
  now: () => number;
}

/** What is shown for pairing belongs to the connection that showed it. */
export const noPairing = {
  qr: null,
  qr_expires_at: null,
  pairing_code: null,
  pairing_code_expires_at: null,
};

export interface Cause {
  reason: string;
  code?: number | undefined;
  detail?: string | undefined;
}

/** The change of a session that ended with this reason and stays so until it is connected again. */
export function stopped(cause: Cause, clock: Clock): SessionChange {
  return disconnected({ state: "disconnected", ...cause }, clock);
}

export function connected(me: Identity, { now }: Clock): SessionChange {
  return {
    patch: {
      state: "connected",
      ...me,
      connected_at: new Date(now()).toISOString(),
      ...noPairing,
    },
    event: "session.connected",
  };
}

export function disconnected(
  { state, ...cause }: Cause & { state: SessionState },
  { now }: Clock,
): SessionChange {
  const lastDisconnect = disconnectOf(cause, now);
  const { at: _at, ...eventData } = lastDisconnect;
  const isUnlinked = state === "logged_out" || cause.reason === "unlinked";
  // The tenant's own wish is stored already, and may have changed since.
  const isOwnEnd = state === "disconnected" && cause.reason !== "requested";
  return {
    patch: {
      state,
      last_disconnect: lastDisconnect,
      ...noPairing,
      connected_at: null,
      ...(isOwnEnd ? { desired: "disconnected" } : {}),
      ...(isUnlinked ? nobody : {}),
    },
    event: "session.disconnected",
    event_data: eventData,
  };
}

export function disconnectOf({ reason, code, detail }: Cause, now: () => number): Disconnect {
  return {
    reason,
    ...(code === undefined ? {} : { code }),
    ...(detail === undefined ? {} : { detail }),
    at: new Date(now()).toISOString(),
  };
}
