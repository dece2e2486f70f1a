import type { LocatedSession, SessionResource } from "../../shared/database.ts";
import { ApiError } from "../../shared/errors.ts";
import { sessionIdSchema } from "../../shared/session.ts";
import type { DatabaseClient } from "../database/connect.ts";
import { rowOf } from "../database/answer.ts";

export interface SessionName {
  tenantId: string;
  sessionId: string;
}

/** The session as it stands. @throws ApiError not_found */
export async function findSession(
  database: DatabaseClient,
  name: SessionName,
): Promise<SessionResource> {
  refuseImpossible(name);
  const row = rowOf(
    await database
      .from("session_resources")
      .select()
      .eq("tenant_id", name.tenantId)
      .eq("session_id", name.sessionId)
      .limit(1),
  );
  if (row === undefined) throw noSuchSession(name);
  return row;
}

/** Where the session is and what it shows for pairing. @throws ApiError not_found */
export async function locateSession(
  database: DatabaseClient,
  name: SessionName,
): Promise<LocatedSession> {
  refuseImpossible(name);
  const row = rowOf(
    await database.rpc("locate_session", {
      tenant_id: name.tenantId,
      session_id: name.sessionId,
    }),
  );
  if (row === undefined) throw noSuchSession(name);
  return row;
}

/** Not every text can be asked for: the database refuses NUL. */
function refuseImpossible(name: SessionName): void {
  if (!sessionIdSchema.safeParse(name.sessionId).success) throw noSuchSession(name);
}

export function noSuchSession(name: SessionName): ApiError {
  return new ApiError(
    "not_found",
    `There is no session "${name.sessionId}". POST /tenant/sessions creates it.`,
  );
}
