import type { LocatedSession } from "../../shared/database.ts";
import { ApiError } from "../../shared/errors.ts";
import { poll } from "../http/poll.ts";
import type { Services } from "../services.ts";
import { locateSession, type SessionName } from "../locate/session.ts";

const waitMs = 15_000;

/**
 * The session once it has a QR code, or needs none because it is connected or pairs by code.
 * With `replaced`, the QR code that is being replaced, it waits for a different one.
 * @throws ApiError session_unavailable after 15 seconds
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
    until: isReady,
  });
  if (isReady(located)) return located;
  throw new ApiError(
    "session_unavailable",
    "The session has no QR code yet. Try again in a few seconds.",
    {
      retryAfterSeconds: 3,
    },
  );
}

function hasQr(session: LocatedSession, now: number): boolean {
  const expiresAt = session.qr_expires_at;
  return session.qr !== null && (expiresAt === null || Date.parse(expiresAt) > now);
}
