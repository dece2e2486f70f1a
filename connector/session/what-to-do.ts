import type { SessionState } from "../../shared/session.ts";

const scan =
  "No phone is linked. Scan the code of GET /session/:id/qr with WhatsApp, then send again.";
const wait = "The session is reconnecting by itself; send again in a few seconds.";

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

/** The next step for somebody who wants to send on a session that is not connected. */
export function whatToDo(state: SessionState, sessionId: string): string {
  return advice[state].replace(":id", sessionId);
}
