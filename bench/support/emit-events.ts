import type { ClientBase } from "pg";

/** Writes events of a tenant as the product does; they exist for others after the commit. */
export async function emitEvents(
  client: ClientBase,
  tenantId: string,
  data: readonly Record<string, unknown>[],
): Promise<void> {
  await client.query("select emit_events($1)", [
    JSON.stringify(
      data.map((one) => ({ tenant_id: tenantId, type: "message.received", data: one })),
    ),
  ]);
}
