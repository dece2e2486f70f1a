import type { SessionState } from "../../shared/session.ts";
import { nobody } from "../whatsapp/identity.ts";
import type { ChangeItem } from "../write/write.ts";

/** What is shown for pairing goes with the link that showed it. */
export const noPairing = {
  qr: null,
  qr_expires_at: null,
  pairing_code: null,
  pairing_code_expires_at: null,
};

/** The change, with its event, of a session that is not connected any more. */
export function disconnected(ended: {
  state: SessionState;
  reason: string;
  code?: number | undefined;
}): ChangeItem {
  const { state, reason, code } = ended;
  const cause = { reason, ...(code === undefined ? {} : { code }) };
  const isUnlinked = state === "logged_out" || reason === "unlinked";
  return {
    kind: "change",
    patch: {
      state,
      last_disconnect: { ...cause, at: new Date().toISOString() },
      ...noPairing,
      connected_at: null,
      ...(state === "disconnected" ? { desired: "disconnected" } : {}),
      ...(isUnlinked ? nobody : {}),
    },
    event: "session.disconnected",
    event_data: cause,
  };
}
