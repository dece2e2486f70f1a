import { setTimeout as sleep } from "node:timers/promises";
import type { PoolClient } from "pg";
import type { Tenant } from "../tests/support/api.ts";
import { runBench } from "./environment/environment.ts";
import type { Product } from "./product/start.ts";
import { emitEvents } from "./support/emit-events.ts";
import { readFlags } from "./support/flags.ts";
import { openLiveStream } from "./support/live-stream.ts";
import { cpuOf } from "./support/process-table.ts";
import { totalOf } from "./support/process-tree.ts";
import { quantile } from "./support/statistics.ts";
import { printTable, progress } from "./support/table.ts";
import { columnTitles, reportFigure } from "./support/target-table.ts";

const flags = readFlags("From the commit of an event to its SSE clients", {
  clients: { usual: 100, quick: 20, about: "SSE clients" },
  events: { usual: 200, quick: 40, about: "events that are written" },
  perSecond: { usual: 20, quick: 20, about: "events a second" },
});
const arrivalTimeoutMs = 30_000;

interface Setting {
  name: string;
  tenants: Tenant[];
  /** Clients of each tenant. */
  clients: number;
}
interface Measured {
  latencies: number[];
  /** Of all processes of the product. */
  cpuMs: number;
}

await runBench(flags, async (environment) => {
  for (const product of await environment.startProducts()) {
    const webhookUrl = environment.receiver.urlOf(product.column);
    const writer = await product.pool.connect();
    try {
      await measureAll(product, writer, webhookUrl);
    } finally {
      writer.release();
    }
  }
});

async function measureAll(product: Product, writer: PoolClient, webhookUrl: string): Promise<void> {
  const tenants: Tenant[] = [];
  for (let count = 0; count < flags.clients; count++) {
    tenants.push(await product.addTenant(webhookUrl));
  }
  const one = tenants.slice(0, 1);
  const shared = {
    name: `1 tenant, ${flags.clients} clients`,
    tenants: one,
    clients: flags.clients,
  };
  const settings: Setting[] = [
    { name: "1 tenant, 1 client", tenants: one, clients: 1 },
    shared,
    { name: `${flags.clients} tenants, 1 client each`, tenants, clients: 1 },
  ];
  const rows: (string | number)[][] = [];
  for (const setting of settings) {
    progress(`${setting.name}, ${columnTitles[product.column]}`);
    const { latencies, cpuMs } = await measure(product, setting, writer);
    const [p50, p95, p99, max] = [0.5, 0.95, 0.99, 1].map((share) => quantile(latencies, share));
    rows.push([setting.name, latencies.length, p50!, p95!, p99!, max!, cpuMs]);
    if (setting === shared) {
      await reportFigure({ row: "eventLatency", column: product.column, value: p99! });
    }
  }
  printTable(
    `Event commit to SSE client, ${flags.perSecond} events/s (${columnTitles[product.column]})`,
    ["", "arrivals", "p50 ms", "p95 ms", "p99 ms", "max ms", "CPU ms/event"],
    rows,
  );
}

async function measure(product: Product, setting: Setting, writer: PoolClient): Promise<Measured> {
  const latencies: number[] = [];
  const committedAt = new Map<string, number>();
  const expected = flags.events * setting.clients;
  const allArrived = Promise.withResolvers<void>();
  const onEvent = (event: string, arrivedAt: number) => {
    const at = committedAt.get(textOf(event));
    if (at === undefined) return;
    latencies.push(arrivedAt - at);
    if (latencies.length === expected) allArrived.resolve();
  };
  const open: ReturnType<typeof openLiveStream>[] = [];
  for (const tenant of setting.tenants) {
    const otherKey = setting.clients > 1 ? await product.addKey(tenant) : tenant;
    for (let client = 0; client < setting.clients; client++) {
      open.push(openLiveStream(client % 2 === 0 ? tenant : otherKey, onEvent));
    }
  }
  const streams = await Promise.all(open);
  // Opens what a stream needs once, such as the cursor of its hub.
  for (const tenant of setting.tenants) await commitEvent(writer, tenant.id, "first");
  await sleep(1000);

  const timeout = setTimeout(
    () => allArrived.reject(new Error(`Only ${latencies.length} of ${expected} events arrived`)),
    arrivalTimeoutMs + (flags.events / flags.perSecond) * 1000,
  );
  const { cpuMs } = await cpuOf(product.pid, async () => {
    const startedAt = performance.now();
    for (let index = 0; index < flags.events; index++) {
      const tenant = setting.tenants[index % setting.tenants.length] as Tenant;
      const dueAt = startedAt + (index * 1000) / flags.perSecond;
      await sleep(Math.max(0, dueAt - performance.now()));
      const text = `${setting.name}, event ${index}`;
      await commitEvent(writer, tenant.id, text, (at) => committedAt.set(text, at));
    }
    await allArrived.promise;
  });
  clearTimeout(timeout);
  for (const stream of streams) stream.close();
  return { latencies, cpuMs: totalOf(cpuMs) / flags.events };
}

/** Calls `onCommit` just before it commits, so before the event is visible to others. */
async function commitEvent(
  writer: PoolClient,
  tenantId: string,
  text: string,
  onCommit: (at: number) => void = () => {},
): Promise<void> {
  await writer.query("begin");
  await emitEvents(writer, tenantId, [{ message: text }]);
  onCommit(performance.now());
  await writer.query("commit");
}

function textOf(event: string): string {
  const { data } = JSON.parse(event) as { data: { message?: string } };
  return data.message ?? "";
}
