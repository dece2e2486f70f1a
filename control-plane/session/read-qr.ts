import type { LocatedSession } from "../../shared/database.ts";
import { ApiError } from "../../shared/errors.ts";
import { poll } from "../http/poll.ts";
import type { Services } from "../services.ts";
import { locateSession, type SessionName } from "./find.ts";

const waitMs = 15_000;

/**
 * The session once it shows a QR, or is found to need none because it is connected or pairs by
 * code. With `replaced`, a QR that is being thrown away, only another one will do.
 * @throws ApiError session_unavailable after 15 seconds
 */
export async function waitForQr(
  services: Services,
  wanted: SessionName & { replaced?: { qr: string | null } },
): Promise<LocatedSession> {
  const isAnswer = (session: LocatedSession) =>
    session.state === "connected" ||
    (session.state === "pairing_code" && wanted.replaced === undefined) ||
    (showsQr(session, services.now()) && session.qr !== wanted.replaced?.qr);

  const located = await poll(services, {
    forMs: waitMs,
    read: () => locateSession(services.database, wanted),
    until: isAnswer,
  });
  if (isAnswer(located)) return located;
  throw new ApiError("session_unavailable", "There is no QR yet. Ask again in a few seconds.", {
    retryAfterSeconds: 3,
  });
}

function showsQr(session: LocatedSession, now: number): boolean {
  const expiresAt = session.qr_expires_at;
  return session.qr !== null && (expiresAt === null || Date.parse(expiresAt) > now);
}
