import { ApiError } from "../../shared/errors.ts";
import type { SessionState } from "../../shared/session.ts";

const scan =
  "No phone is linked. Scan the QR code from GET /session/:id/qr with WhatsApp, then send again.";
const wait = "The session is reconnecting. Send again in a few seconds.";

const advice: Record<SessionState, string> = {
  created: scan,
  connecting: scan,
  qr: scan,
  pairing_code: scan,
  logged_out: scan,
  connected: wait,
  reconnecting: wait,
  disconnected:
    "The session was stopped. Start it with POST /session/:id/connect, then send again.",
};

/**
 * Why no message can be sent now, with the next step: 409 when the tenant must act, 503 when waiting
 * is enough.
 */
export function notConnected(session: {
  state: SessionState;
  isPaired: boolean;
  sessionId: string;
}): ApiError {
  const { state, isPaired, sessionId } = session;
  // Between the scan and the first login, the session still shows what it showed before.
  const text = isPaired && advice[state] === scan ? wait : advice[state];
  const detail = text.replace(":id", sessionId);
  return new ApiError(detail === wait ? "session_unavailable" : "session_not_connected", detail);
}
