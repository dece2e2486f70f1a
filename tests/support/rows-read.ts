import type { Pool } from "pg";
import { z } from "zod";

const planSchema = z.object({
  "Actual Rows": z.number(),
  "Rows Removed by Filter": z.number().optional(),
  "Actual Loops": z.number(),
  get Plans() {
    return z.array(planSchema).optional();
  },
});
type Plan = z.infer<typeof planSchema>;
const explainedSchema = z.object({ Plan: planSchema });

/**
 * Runs a query and returns its rows, and how many rows the steps of its plan read in sum. The
 * statements inside functions count too. Unlike a time, this does not depend on the machine.
 */
export async function rowsRead(
  pool: Pool,
  { sql, values }: { sql: string; values: unknown[] },
): Promise<{ rows: unknown[]; read: number }> {
  const client = await pool.connect();
  let read = 0;
  client.on("notice", ({ message = "" }) => {
    const start = message.indexOf("{");
    if (!message.includes("plan:") || start === -1) return;
    read += sumOf(explainedSchema.parse(JSON.parse(message.slice(start))).Plan);
  });
  try {
    await client.query(`
      load 'auto_explain';
      set auto_explain.log_min_duration = 0;
      set auto_explain.log_analyze = on;
      set auto_explain.log_timing = off;
      set auto_explain.log_format = json;
      set auto_explain.log_nested_statements = on;
      set client_min_messages = log;`);
    const { rows } = await client.query<Record<string, unknown>>(sql, values);
    return { rows, read };
  } finally {
    client.release(true); // the settings end with the connection
  }
}

function sumOf(plan: Plan): number {
  const { "Rows Removed by Filter": removed = 0, Plans = [] } = plan;
  const read = (plan["Actual Rows"] + removed) * plan["Actual Loops"];
  return read + Plans.reduce((sum, child) => sum + sumOf(child), 0);
}
