import type { LocatedSession } from "../../shared/database.ts";
import { ApiError } from "../../shared/errors.ts";
import { poll } from "../http/poll.ts";
import type { Services } from "../services.ts";
import { locateSession, type SessionName } from "../locate/session.ts";

const waitMs = 15_000;
/** Longer than a connector waits between two attempts: an older failure says nothing about now. */
const recentMs = 90_000;

/**
 * The session once it has a QR code, or needs none because it is connected or pairs by code.
 * With `replaced`, the QR code that is being replaced, it waits for a different one.
 * @throws ApiError session_unavailable after 15 seconds, or at once with the cause when there will be none
 */
export async function waitForQr(
  services: Services,
  request: SessionName & { replaced?: { qr: string | null } },
): Promise<LocatedSession> {
  const isReady = (session: LocatedSession) =>
    session.state === "connected" ||
    (session.state === "pairing_code" && request.replaced === undefined) ||
    (hasQr(session, services.now()) && session.qr !== request.replaced?.qr);

  const located = await poll(services, {
    timeoutMs: waitMs,
    read: () => locateSession(services.database, request),
    until: (session) => isReady(session) || isHopeless(session, services.now()),
  });
  if (isReady(located)) return located;
  if (isHopeless(located, services.now())) throw hopelessError(located);
  throw new ApiError(
    "session_unavailable",
    "The session has no QR code yet. Try again in a few seconds.",
    {
      retryAfterSeconds: 3,
    },
  );
}

/** Whether the session was stopped, or its network cannot be reached. */
function isHopeless({ state, last_disconnect: last }: LocatedSession, now: number): boolean {
  if (state === "disconnected") return true;
  const isTrying = state === "connecting" || state === "reconnecting";
  return isTrying && last?.reason === "unreachable" && now - Date.parse(last.at) < recentMs;
}

function hopelessError({ state, last_disconnect: last }: LocatedSession): ApiError {
  const detail = last?.detail ?? `The session was stopped (${last?.reason ?? "requested"}).`;
  const more = state === "disconnected" ? {} : { retryAfterSeconds: 10 };
  return new ApiError("session_unavailable", `There is no QR code. ${detail}`, more);
}

function hasQr(session: LocatedSession, now: number): boolean {
  const expiresAt = session.qr_expires_at;
  return session.qr !== null && (expiresAt === null || Date.parse(expiresAt) > now);
}
