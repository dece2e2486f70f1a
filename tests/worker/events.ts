import type { Pool } from "pg";
import type { EventType } from "../../shared/event.ts";

/** Writes events of a tenant in one transaction, as a connector does. */
export async function emitEvents(
  sql: Pool,
  tenantId: string,
  events: { type?: EventType; sessionId?: string | null; data?: Record<string, unknown> }[],
): Promise<void> {
  const rows = events.map((event) => ({
    tenant_id: tenantId,
    type: event.type ?? "message.received",
    session_id: event.sessionId === undefined ? "main" : event.sessionId,
    data: event.data ?? {},
  }));
  await sql.query("select public.emit_events($1)", [JSON.stringify(rows)]);
}
