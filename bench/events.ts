import { setTimeout as sleep } from "node:timers/promises";
import { Pool, type PoolClient } from "pg";
import type { Stack } from "../local/stack.ts";
import type { Tenant } from "../tests/support/api.ts";
import { cpuByProcess } from "./support/cpu-by-process.ts";
import { readFlags } from "./support/flags.ts";
import { openLiveStream } from "./support/live-stream.ts";
import { addUnlimitedTenant, databaseOf, withStack } from "./support/stack.ts";
import { quantile } from "./support/statistics.ts";
import { printMachine, printTable, progress } from "./support/table.ts";

const flags = readFlags("From the commit of an event to its SSE clients", {
  clients: 100,
  events: 200,
  perSecond: 20,
});
const arrivalTimeoutMs = 30_000;

interface Setting {
  name: string;
  tenants: Tenant[];
  /** Clients of each tenant. */
  clients: number;
}
type Row = [string, number, number, number, number, number, number];

await withStack(async (stack) => {
  printMachine();
  const pool = new Pool({ connectionString: databaseOf(stack), max: 1 });
  const writer = await pool.connect();
  try {
    await measureAll(stack, writer);
  } finally {
    writer.release();
    await pool.end();
  }
});
process.exit(0);

async function measureAll(stack: Stack, writer: PoolClient): Promise<void> {
  const tenants: Tenant[] = [];
  for (let count = 0; count < flags.clients; count++) tenants.push(await addUnlimitedTenant(stack));
  const one = tenants.slice(0, 1);
  const settings: Setting[] = [
    { name: "1 tenant, 1 client", tenants: one, clients: 1 },
    { name: `1 tenant, ${flags.clients} clients`, tenants: one, clients: flags.clients },
    { name: `${flags.clients} tenants, 1 client each`, tenants, clients: 1 },
  ];
  const rows: Row[] = [];
  for (const setting of settings) {
    progress(setting.name);
    rows.push(await measure(setting, writer));
  }
  printTable(
    `Event commit to SSE client, ${flags.perSecond} events/s; target p50 under 20 ms`,
    ["", "arrivals", "p50 ms", "p95 ms", "p99 ms", "max ms", "CPU ms/event"],
    rows,
  );
}

async function measure(setting: Setting, writer: PoolClient): Promise<Row> {
  const latencies: number[] = [];
  const committedAt = new Map<string, number>();
  const expected = flags.events * setting.clients;
  const allArrived = Promise.withResolvers<void>();
  const open = setting.tenants.flatMap((tenant) =>
    Array.from({ length: setting.clients }, () =>
      openLiveStream(tenant, ({ seq }, arrivedAt) => {
        const at = committedAt.get(`${tenant.id} ${seq}`);
        if (at === undefined) return;
        latencies.push(arrivedAt - at);
        if (latencies.length === expected) allArrived.resolve();
      }),
    ),
  );
  const streams = await Promise.all(open);
  // What a stream needs once, such as its hub's first look, is not an event's cost.
  for (const tenant of setting.tenants) await commitEvent(writer, tenant.id);
  await sleep(1000);

  const before = cpuTotal();
  const timeout = setTimeout(
    () => allArrived.reject(new Error(`${latencies.length} of ${expected} arrived`)),
    arrivalTimeoutMs + (flags.events / flags.perSecond) * 1000,
  );
  const startedAt = performance.now();
  for (let index = 0; index < flags.events; index++) {
    const tenant = setting.tenants[index % setting.tenants.length] as Tenant;
    const dueAt = startedAt + (index * 1000) / flags.perSecond;
    await sleep(Math.max(0, dueAt - performance.now()));
    await commitEvent(writer, tenant.id, (seq, at) => committedAt.set(`${tenant.id} ${seq}`, at));
  }
  await allArrived.promise;
  clearTimeout(timeout);
  const cpuMs = (cpuTotal() - before) / flags.events;
  for (const stream of streams) stream.close();
  return [
    setting.name,
    latencies.length,
    quantile(latencies, 0.5),
    quantile(latencies, 0.95),
    quantile(latencies, 0.99),
    quantile(latencies, 1),
    cpuMs,
  ];
}

/** `onCommit` hears of the moment before the commit is asked for, before it can be seen by anyone. */
async function commitEvent(
  writer: PoolClient,
  tenantId: string,
  onCommit: (seq: number, at: number) => void = () => {},
): Promise<void> {
  await writer.query("begin");
  await writer.query("select emit_events($1)", [
    JSON.stringify([{ tenant_id: tenantId, type: "message.received", data: { message: "hello" } }]),
  ]);
  const { rows } = await writer.query<{ last_seq: string }>(
    "select last_seq from event_counters where tenant_id = $1",
    [tenantId],
  );
  onCommit(Number(rows[0]?.last_seq), performance.now());
  await writer.query("commit");
}

/** CPU milliseconds of all processes except the load generator, which plays the clients. */
function cpuTotal(): number {
  let total = 0;
  for (const [name, ms] of cpuByProcess()) if (name !== "load generator") total += ms;
  return total;
}
