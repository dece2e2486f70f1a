import type { SupervisedProcess } from "../../local/processes/supervised-process.ts";
import { until } from "../support/api.ts";
import type { Environment, Member } from "./environment.ts";

type ConnectorProcess = SupervisedProcess<{ url: string }>;

interface Owner {
  /** The component's name in the network paths. */
  name: string;
  /** Its lease: a connector has another id after each start. */
  connectorId: string;
  process: ConnectorProcess;
}

/** The connector that owns a session now. */
export async function ownerOf(
  { pool, stack }: Environment,
  { tenant, sessionId }: Member,
): Promise<Owner> {
  const { rows } = await pool.query<{ url: string; id: string }>(
    `select c.url, c.id from connectors c join whatsapp_sessions s on s.connector_id = c.id
       where s.tenant_id = $1 and s.session_id = $2`,
    [tenant.id, sessionId],
  );
  const index = stack.addresses.connectorUrls.indexOf(rows[0]?.url ?? "");
  const connector = stack.processes.connectors[index];
  if (connector === undefined) throw new Error(`No connector owns ${sessionId}`);
  return { name: `connector-${index + 1}`, connectorId: rows[0]?.id ?? "", process: connector };
}

/** Kills a connector without waiting until it runs again; returns when that was. */
export function kill(connector: ConnectorProcess): number {
  // If it does not start, the supervisor tries again until it does.
  connector.restart("kill").catch(() => undefined);
  return Date.now();
}

/** Resolves when no session belongs to this lease any more. */
export async function untilReleased({ pool }: Environment, connectorId: string): Promise<void> {
  await until(
    () =>
      pool.query("select from whatsapp_sessions where connector_id = $1 limit 1", [connectorId]),
    ({ rowCount }) => rowCount === 0,
    30_000,
  );
}

/** How many of a session's messages have this status. */
export async function countMessages(
  { pool }: Environment,
  { tenant, sessionId }: Member,
  status: string,
): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `select count(*)::int from messages where tenant_id = $1 and session_id = $2 and status = $3`,
    [tenant.id, sessionId, status],
  );
  return rows[0]?.count ?? 0;
}
