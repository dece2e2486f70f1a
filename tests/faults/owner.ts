import type { SupervisedProcess } from "../../local/processes/supervised-process.ts";
import type { Environment, Member } from "./environment.ts";

interface Owner {
  /** The component's name in the network paths. */
  name: string;
  process: SupervisedProcess<{ url: string }>;
}

/** The connector that owns a session now. */
export async function ownerOf(
  { pool, stack }: Environment,
  { tenant, sessionId }: Member,
): Promise<Owner> {
  const { rows } = await pool.query<{ url: string }>(
    `select c.url from connectors c join whatsapp_sessions s on s.connector_id = c.id
       where s.tenant_id = $1 and s.session_id = $2`,
    [tenant.id, sessionId],
  );
  const index = stack.addresses.connectorUrls.indexOf(rows[0]?.url ?? "");
  const connector = stack.processes.connectors[index];
  if (connector === undefined) throw new Error(`No connector owns ${sessionId}`);
  return { name: `connector-${index + 1}`, process: connector };
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
