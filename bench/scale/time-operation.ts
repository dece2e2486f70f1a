import type { ClientBase } from "pg";
import { quantile } from "../support/statistics.ts";

/** One statement whose time is compared, and statements that prepare each run of it. */
export interface Operation {
  name: string;
  prepare?: string;
  sql: string;
}

/** The median of the server's own time of a statement in ms. Every run is rolled back. */
export async function timeOperation(
  client: ClientBase,
  { prepare, sql }: Operation,
  runs: number,
): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    await client.query("begin");
    try {
      if (prepare !== undefined) await client.query(prepare);
      const { rows } = await client.query<{ "QUERY PLAN": [Explained] }>(
        `explain (analyze, timing off, format json) ${sql}`,
      );
      const [explained] = rows[0]!["QUERY PLAN"];
      times.push(explained["Planning Time"] + explained["Execution Time"]);
    } finally {
      await client.query("rollback");
    }
  }
  // The first runs fill caches: that of the connection, and with much data that of the machine.
  return quantile(times.slice(Math.min(3, runs - 1)), 0.5);
}

interface Explained {
  "Planning Time": number;
  "Execution Time": number;
}
