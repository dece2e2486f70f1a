import { until } from "../../support/api.ts";
import type { Environment } from "../environment.ts";
import type { Scenario } from "../scenario.ts";

const sessionsOfATenant = 4;

/** A connector comes back without sessions and gets its share while customers send. */
export function joins(connectors: number): Scenario {
  return {
    name: `one of ${connectors} connectors joins`,
    environment: { sessions: [sessionsOfATenant, sessionsOfATenant], connectors },
    traffic: { pauseMs: 800 },
    noneRefused: true,
    async fault({ environment }) {
      await environment.stack.processes.connectors[0]?.restart("stop");
      const most = Math.ceil((2 * sessionsOfATenant) / connectors);
      await until(
        () => shares(environment),
        (counts) => counts.length === connectors && Math.max(...counts) <= most,
        40_000,
      );
    },
  };
}

/** How many connected sessions each connector has. */
async function shares({ pool }: Environment): Promise<number[]> {
  const { rows } = await pool.query<{ count: number }>(
    `select count(*)::int as count from whatsapp_sessions
       where connector_id is not null and state = 'connected' group by connector_id`,
  );
  return rows.map(({ count }) => count);
}
