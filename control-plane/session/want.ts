import { dataOf } from "../database/answer.ts";
import type { DatabaseClient } from "../database/connect.ts";
import { noSuchSession, type SessionName } from "./find.ts";

/** Records whether the session should be connected. Its connector, or a free one, acts on it. */
export async function wantSession(
  database: DatabaseClient,
  wanted: SessionName & { desired: "connected" | "disconnected" },
): Promise<void> {
  const exists = dataOf(
    await database.rpc("set_session_desired", {
      tenant_id: wanted.tenantId,
      session_id: wanted.sessionId,
      desired: wanted.desired,
    }),
  );
  if (!exists) throw noSuchSession(wanted);
}
