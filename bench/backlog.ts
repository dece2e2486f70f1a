import { runBench } from "./environment/environment.ts";
import { postWebhook } from "./plain/webhook.ts";
import type { Product } from "./product/start.ts";
import type { Receiver } from "./receiver/start.ts";
import { emitEvents } from "./support/emit-events.ts";
import { readFlags } from "./support/flags.ts";
import { runLoad } from "./support/load.ts";
import { cpuOf, perUnit, printProcessTable, type ProcessColumn } from "./support/process-table.ts";
import { printTable, progress } from "./support/table.ts";
import { columnTitles, reportFigure } from "./support/target-table.ts";

const flags = readFlags(
  "How fast a backlog of webhooks drains, beside plain posts of the same bodies",
  {
    events: { usual: 5000, quick: 300, about: "events that wait for delivery; try 100000 too" },
    seconds: { usual: 60, quick: 20, about: "time limit; the rate is of what arrived by then" },
    posts: { usual: 2000, quick: 300, about: "plain posts at each concurrency" },
  },
);

/** As many webhooks as the product has in flight to one endpoint. */
const perEndpoint = 5;

/** The webhooks of one chat wait for each other, so a backlog of one chat would measure latency. */
const chats = 100;

await runBench(flags, async (environment) => {
  const { receiver } = environment;
  const rows: (string | number)[][] = [];
  const cpuColumns: ProcessColumn[] = [];
  let body = "";
  for (const product of await environment.startProducts()) {
    const name = columnTitles[product.column];
    progress(`${flags.events} events, ${name}`);
    const { result, cpuMs } = await cpuOf(product.pid, () => drain(product, receiver));
    rows.push([name, result.delivered, result.rate]);
    cpuColumns.push({ name, measured: [perUnit(cpuMs, result.delivered)] });
    await reportFigure({ row: "backlogRate", column: product.column, value: result.rate });
    body = await receiver.lastBody(endpointOf(product));
    // After the time limit it would still be at work on the rest of its backlog.
    await environment.stopNow(product);
  }
  for (const concurrency of [1, perEndpoint, 16]) {
    const rate = await postPlainly(receiver.urlOf("posts"), body, concurrency);
    rows.push([`plain posts, ${concurrency} at a time`, flags.posts, rate]);
    if (concurrency !== perEndpoint) continue;
    await reportFigure({ row: "backlogRate", column: "plain", value: rate });
  }
  printTable("Webhook backlog", ["", "delivered", "webhooks/s"], rows);
  printProcessTable("CPU ms of a webhook in the backlog", cpuColumns);
});

function endpointOf({ column }: Product): string {
  return `${column}-backlog`;
}

/** The rate is from the commit of all events until the last one has arrived. */
async function drain(
  product: Product,
  receiver: Receiver,
): Promise<{ delivered: number; rate: number }> {
  const endpoint = endpointOf(product);
  const tenant = await product.addTenant(receiver.urlOf(endpoint));
  const client = await product.pool.connect();
  try {
    await emitEvents(client, tenant.id, Array.from({ length: flags.events }, messageData));
  } finally {
    client.release();
  }
  const committedAt = performance.timeOrigin + performance.now();
  const arrivals = await receiver.waitUpTo(flags.seconds * 1000, {
    endpoint,
    event: "message.received",
    prefix: "backlog ",
    count: flags.events,
  });
  const lastAt = [...arrivals.values()].reduce((last, at) => Math.max(last, at), committedAt);
  return {
    delivered: arrivals.size,
    rate: (arrivals.size * 1000) / (lastAt - committedAt),
  };
}

/** As long as the data of a real event. */
function messageData(_: unknown, index: number): Record<string, unknown> {
  const text = `backlog ${index}`;
  const phone = `39333123${String(index % chats).padStart(4, "0")}`;
  return {
    id: `019a0000-0000-7000-8000-${String(index).padStart(12, "0")}`,
    session_id: "main",
    direction: "in",
    chat_id: `${phone}@s.whatsapp.net`,
    phone,
    lid: "123456789012345@lid",
    type: "text",
    text,
    status: "RECEIVED",
    wa_message_id: "3EB0C431C26A1916EA9A",
    error: null,
    created_at: "2026-11-01T12:00:00.000Z",
    sent_at: null,
    delivered_at: null,
    read_at: null,
    from: phone,
    to: "393337654321",
    message: text,
  };
}

async function postPlainly(url: string, body: string, concurrency: number): Promise<number> {
  const event = JSON.parse(body) as { type: string; data: Record<string, unknown> };
  const total = flags.posts;
  const { seconds } = await runLoad({ total, concurrency, one: () => postWebhook(url, event) });
  return total / seconds;
}
