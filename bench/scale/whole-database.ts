import type { ClientBase } from "pg";
import { printTable, progress } from "../support/table.ts";

/** Times what goes through all tenants, and prints how long one statement of it took at most. */
export async function timeWholeDatabase(client: ClientBase): Promise<void> {
  progress("what goes through all tenants");
  const purge = () => done(client, "select public.purge_expired() as done");
  const rows = [
    await repeat("a round of purge_expired through all tenants", purge),
    await repeat("looking for due endpoints of a sixteenth of all tenants", async () => {
      await client.query(
        "select * from public.find_due_endpoints('{0}', '00000000-0000-0000-0000-000000000000', 1000)",
      );
      return true;
    }),
    await repeat("deleting the tenant that has a fortieth of all messages", async () => {
      await client.query("delete from public.tenants where tenant_id = 'tenant-0'");
      return true;
    }),
    await repeat("  until its last row is gone", purge),
  ];
  printTable("Of the whole database", ["", "steps", "seconds", "longest step, ms"], rows);
}

async function done(client: ClientBase, sql: string): Promise<boolean> {
  const { rows } = await client.query<{ done: boolean }>(sql);
  return rows[0]?.done ?? true;
}

async function repeat(
  name: string,
  step: () => Promise<boolean>,
): Promise<[name: string, steps: number, seconds: number, longestMs: number]> {
  const times: number[] = [];
  for (let isDone = false; !isDone;) {
    const startedAt = performance.now();
    isDone = await step();
    times.push(performance.now() - startedAt);
  }
  const seconds = times.reduce((sum, time) => sum + time, 0) / 1000;
  return [name, times.length, seconds, Math.max(...times)];
}
