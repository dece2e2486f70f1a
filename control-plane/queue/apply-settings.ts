import { paceWarning, type QueueSettings } from "../../shared/queue.ts";
import { unwrap } from "../database/unwrap.ts";
import { type SessionName, sessionNotFound } from "../locate/session.ts";
import type { Services } from "../services.ts";

/** Changes these settings of a session's queue and returns all of them. @throws ApiError not_found */
export async function applySettings(
  { database, queueDefaults }: Pick<Services, "database" | "queueDefaults">,
  name: SessionName,
  changes: Partial<QueueSettings>,
) {
  const changed = await unwrap(
    database.rpc("change_queue_settings", {
      tenant_id: name.tenantId,
      session_id: name.sessionId,
      changes,
      defaults: queueDefaults,
    }),
  );
  if (changed === null) throw sessionNotFound(name);
  const { settings, effective } = changed;
  return { ...settings, effective, warning: paceWarning(effective.interval_ms) };
}
