import type { Message } from "../shared/message.ts";
import type { Tenant } from "../tests/support/api.ts";
import { runBench } from "./environment/environment.ts";
import type { Product } from "./product/start.ts";
import { fillHistory } from "./support/fill-history.ts";
import { readFlags } from "./support/flags.ts";
import { quantile } from "./support/statistics.ts";
import { printTable, progress } from "./support/table.ts";
import { columnTitles } from "./support/target-table.ts";

const flags = readFlags("A page of history in a short and in a long one", {
  few: { usual: 10_000, quick: 1000, about: "messages of the short history" },
  many: { usual: 1_000_000, quick: 10_000, about: "messages of the long history" },
  reads: { usual: 40, quick: 5, about: "readings of each page" },
});
const warmUpReads = 300;
const busyChat = "393339999999";
const sizes = [flags.few, flags.many];

/** `share` of the history is newer than the page. */
const depths = [
  { name: "first", share: 0 },
  { name: "deep", share: 0.9 },
];
const filters: [name: string, query: (now: Date) => Record<string, string>][] = [
  ["none", () => ({})],
  ["chat", () => ({ chat: "393330000007" })],
  ["direction=in", () => ({ direction: "in" })],
  ["direction=out", () => ({ direction: "out" })],
  ["status=READ", () => ({ status: "READ" })],
  ["status=FAILED (1 of 1000)", () => ({ status: "FAILED" })],
  ["status=QUEUED (none)", () => ({ status: "QUEUED" })],
  ["chat, status=FAILED", () => ({ chat: "393330000007", status: "FAILED" })],
  ["chat, direction=out", () => ({ chat: "393330000007", direction: "out" })],
  ["busy chat", () => ({ chat: busyChat })],
  ["busy chat, direction=out (none)", () => ({ chat: busyChat, direction: "out" })],
  ["busy chat, status=FAILED (none)", () => ({ chat: busyChat, status: "FAILED" })],
  ["since, until", (now) => ({ since: hoursBefore(now, 20), until: hoursBefore(now, 4) })],
];

interface Page {
  data: Message[];
  next_cursor: string | null;
}

await runBench(flags, async (environment) => {
  for (const product of await environment.startProducts()) await compare(product);
});

async function compare({ column, pool, tenant }: Product): Promise<void> {
  await tenant.post("/tenant/sessions", { session_id: "main", name: "main" });
  await tenant.post("/session/main/disconnect");
  const now = new Date();
  const found = new Map<string, number[][]>();
  // Without it the first readings would be slower: a Worker compiles its code on first use.
  for (let count = 0; count < warmUpReads; count++) await tenant.get("/session/main/messages");
  let filled = 0;
  for (const size of sizes) {
    progress(`filling up to ${size} messages`);
    await fillHistory(pool, { tenantId: tenant.id, from: filled, to: size, now, busyChat });
    filled = size;
    progress(`reading at ${size} messages`);
    for (const path of ["/session/main/messages", "/tenant/messages"]) {
      for (const [name, query] of filters) {
        for (const depth of depths) {
          const latencies = await read(tenant, path, query(now), Math.floor(depth.share * size));
          const key = [path.split("/")[1], name, depth.name].join("\t");
          found.set(key, [...(found.get(key) ?? []), latencies]);
        }
      }
    }
  }
  report(columnTitles[column], found);
}

/** Milliseconds of each reading of one page; `newer` messages of the history come before it. */
async function read(
  tenant: Tenant,
  path: string,
  query: Record<string, string>,
  newer: number,
): Promise<number[]> {
  const cursor = newer === 0 ? undefined : await cursorAt(tenant, path, newer);
  const search = new URLSearchParams({ ...query, ...(cursor === undefined ? {} : { cursor }) });
  const latencies: number[] = [];
  for (let count = 0; count < flags.reads; count++) {
    const calledAt = performance.now();
    const { status, body } = await tenant.get(`${path}?${search.toString()}`);
    latencies.push(performance.now() - calledAt);
    if (status !== 200) throw new Error(`No page: ${JSON.stringify(body)}`);
  }
  return latencies;
}

/** The cursor after this many messages; the same for every filter, because ids sort by time. */
async function cursorAt(tenant: Tenant, path: string, newer: number): Promise<string> {
  const { body } = await tenant.get<Page>(`${path}?limit=1&offset=${newer}`);
  if (body.next_cursor === null) throw new Error(`There are fewer than ${newer} messages`);
  return body.next_cursor;
}

function report(name: string, found: Map<string, number[][]>): void {
  printTable(
    `A page of 50 (${name}), ${flags.reads} times each; target: the same at both sizes`,
    ["of a", "filter", "page", ...sizes.flatMap((size) => [`${size} p50 ms`, "p95 ms"])],
    [...found].map(([key, bySize]) => [
      ...key.split("\t"),
      ...bySize.flatMap((latencies) => [quantile(latencies, 0.5), quantile(latencies, 0.95)]),
    ]),
  );
}

function hoursBefore(now: Date, hours: number): string {
  return new Date(now.getTime() - hours * 3_600_000).toISOString();
}
