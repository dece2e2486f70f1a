import type { LocatedSession, SessionResource } from "../../shared/database.ts";
import { ApiError } from "../../shared/errors.ts";
import { sessionIdSchema } from "../../shared/session.ts";
import type { DatabaseClient } from "../database/connect.ts";
import { unwrapFirst } from "../database/unwrap.ts";

export interface SessionName {
  tenantId: string;
  sessionId: string;
}

/** The session as the API shows it. @throws ApiError not_found */
export async function findSession(
  database: DatabaseClient,
  name: SessionName,
): Promise<SessionResource> {
  rejectInvalidId(name);
  const row = await unwrapFirst(
    database
      .from("session_resources")
      .select()
      .eq("tenant_id", name.tenantId)
      .eq("session_id", name.sessionId)
      .limit(1),
  );
  if (row === undefined) throw sessionNotFound(name);
  return row;
}

/** The session's connector, state and pairing data. @throws ApiError not_found */
export async function locateSession(
  database: DatabaseClient,
  name: SessionName,
): Promise<LocatedSession> {
  rejectInvalidId(name);
  const row = await unwrapFirst(
    database.rpc("locate_session", {
      tenant_id: name.tenantId,
      session_id: name.sessionId,
    }),
  );
  if (row === undefined) throw sessionNotFound(name);
  return row;
}

/** PostgreSQL rejects some texts, such as NUL; an invalid id cannot belong to a session. */
function rejectInvalidId(name: SessionName): void {
  if (!sessionIdSchema.safeParse(name.sessionId).success) throw sessionNotFound(name);
}

export function sessionNotFound(name: SessionName): ApiError {
  return new ApiError(
    "not_found",
    `There is no session "${name.sessionId}". Create it with POST /tenant/sessions.`,
  );
}
