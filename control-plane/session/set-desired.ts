import { unwrap } from "../database/unwrap.ts";
import type { DatabaseClient } from "../database/connect.ts";
import { sessionNotFound, type SessionName } from "../locate/session.ts";

/** Records whether the session should be connected. A connector acts on it. */
export async function setDesired(
  database: DatabaseClient,
  request: SessionName & { desired: "connected" | "disconnected" },
): Promise<void> {
  const exists = await unwrap(
    database.rpc("set_session_desired", {
      tenant_id: request.tenantId,
      session_id: request.sessionId,
      desired: request.desired,
    }),
  );
  if (!exists) throw sessionNotFound(request);
}
