import { unwrap } from "../database/unwrap.ts";
import type { DatabaseClient } from "../database/connect.ts";
import { rejectTooManySessions } from "./reject-quota.ts";
import { sessionNotFound, type SessionName } from "../locate/session.ts";

/**
 * Records whether the session should be connected. A connector acts on it.
 * @throws ApiError not_found, or quota_exceeded when too many sessions wait to be paired
 */
export async function setDesired(
  database: DatabaseClient,
  request: SessionName & { desired: "connected" | "disconnected" },
): Promise<void> {
  const answer = await database.rpc("set_session_desired", {
    tenant_id: request.tenantId,
    session_id: request.sessionId,
    desired: request.desired,
  });
  rejectTooManySessions(answer.error);
  if (!(await unwrap(answer))) throw sessionNotFound(request);
}
