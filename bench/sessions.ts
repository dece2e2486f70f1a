import { setTimeout as sleep } from "node:timers/promises";
import type { Stack } from "../local/stack.ts";
import { sessionStates } from "../shared/session.ts";
import type { Tenant } from "../tests/support/api.ts";
import { addPhone } from "../tests/support/phone.ts";
import { startBare } from "./bare/start.ts";
import { readFlags } from "./support/flags.ts";
import { openLiveStream } from "./support/live-stream.ts";
import { runLoad } from "./support/load.ts";
import { addUnlimitedTenant, connectorOf, sandboxOf, withStack } from "./support/stack.ts";
import { cpuOfEach, printCpuTable } from "./support/cpu-table.ts";
import { quantile } from "./support/statistics.ts";
import { printMachine, printTable, progress } from "./support/table.ts";
import { connectorUsage, type Usage } from "./support/usage.ts";

const flags = readFlags(
  "What an idle session costs, and how long pairing takes, beside bare Baileys",
  {
    sessions: 500,
    bare: 100,
    batch: 5,
    settle: 5,
  },
);
const counts = (upTo: number) => [...new Set([100, 250, upTo])].filter((count) => count <= upTo);
const mebibyte = 2 ** 20;

interface Step {
  count: number;
  /** From scan to connected, of the sessions added in this step. */
  latencies: number[];
  seconds: number;
  /** CPU milliseconds of one pairing, by process. */
  pairingCpuMs: Map<string, number>;
  usage: Usage;
  /** CPU of this many idle sessions, in milliseconds a second. */
  idleCpu: number;
}

await withStack(async (stack) => {
  printMachine();
  const tenant = await addUnlimitedTenant(stack);
  const empty = await connectorUsage(connectorOf(stack));
  const ours = await grow("stack", {
    counts: counts(flags.sessions),
    pair: pairThroughStack(stack, tenant),
    usage: () => connectorUsage(connectorOf(stack)),
  });
  await expectConnected(stack);
  const bare = startBare(sandboxOf(stack));
  try {
    const { usage: bareEmpty } = await bare.ask({ type: "usage" });
    const theirs = await grow("bare", {
      counts: counts(flags.bare),
      pair: (count) => bare.ask({ type: "pair", count, batch: flags.batch }),
      usage: async () => (await bare.ask({ type: "usage" })).usage,
    });
    report([
      { name: "connector", empty, steps: ours },
      { name: "bare Baileys", empty: bareEmpty, steps: theirs },
    ]);
  } finally {
    await bare.stop();
  }
});
process.exit(0);

async function grow(
  name: string,
  side: {
    counts: number[];
    pair: (count: number, from: number) => Promise<{ latencies: number[]; seconds: number }>;
    usage: () => Promise<Usage>;
  },
): Promise<Step[]> {
  const steps: Step[] = [];
  let paired = 0;
  for (const count of side.counts) {
    const { result, cpuMs } = await cpuOfEach(count - paired, () =>
      side.pair(count - paired, paired),
    );
    paired = count;
    const busy = await side.usage();
    await sleep(flags.settle * 1000);
    const usage = await side.usage();
    const idleCpu = (usage.cpuMs - busy.cpuMs) / flags.settle;
    steps.push({ count, ...result, pairingCpuMs: cpuMs, usage, idleCpu });
    progress(`${name}: ${count} sessions, ${(usage.residentBytes / mebibyte).toFixed(0)} MB`);
  }
  return steps;
}

/** As a tenant sees it: from the scan by the phone to the event that the session is connected. */
function pairThroughStack(stack: Stack, tenant: Tenant) {
  return async (count: number, from: number) => {
    const latencies: number[] = [];
    const connected = new Map<string, (at: number) => void>();
    const stream = await openLiveStream(tenant, ({ type, data }, arrivedAt) => {
      if (type !== "session.connected") return;
      const { session_id: id } = JSON.parse(data) as { session_id: string };
      connected.get(id)?.(arrivedAt);
    });
    const { seconds } = await runLoad({
      total: count,
      concurrency: flags.batch,
      one: async (index) => {
        const id = `s${from + index}`;
        const phone = await addPhone(sandboxOf(stack));
        await tenant.post("/tenant/sessions", { session_id: id, name: id });
        const { body } = await tenant.get<{ qr: string }>(`/session/${id}/qr`);
        const opened = new Promise<number>((resolve) => connected.set(id, resolve));
        const scannedAt = performance.now();
        const { status } = await phone.post("/scan", { qr: body.qr });
        if (status >= 300) throw new Error(`The phone could not scan: ${status}`);
        latencies.push((await opened) - scannedAt);
      },
    });
    stream.close();
    return { latencies, seconds };
  };
}

async function expectConnected(stack: Stack): Promise<void> {
  const metrics = await (await fetch(`${connectorOf(stack)}/metrics`)).text();
  const found = sessionStates.map((state) => [
    state,
    Number(new RegExp(`^connector_sessions\\{state="${state}"\\} (\\d+)$`, "m").exec(metrics)?.[1]),
  ]);
  const { connected } = Object.fromEntries(found) as Record<string, number>;
  if (connected !== flags.sessions) {
    throw new Error(`Only ${connected} of ${flags.sessions} sessions are connected`);
  }
}

function report(sides: { name: string; empty: Usage; steps: Step[] }[]): void {
  printTable(
    `Idle sessions, ${flags.settle} s after the last was paired; target 3 MB each`,
    ["", "sessions", "RSS MB", "heap MB", "RSS MB/session", "heap MB/session", "CPU ms/s"],
    sides.flatMap(({ name, empty, steps }) => [
      [name, 0, empty.residentBytes / mebibyte, empty.heapUsedBytes / mebibyte, "", "", ""],
      ...steps.map(({ count, usage, idleCpu }) => [
        "",
        count,
        usage.residentBytes / mebibyte,
        usage.heapUsedBytes / mebibyte,
        (usage.residentBytes - empty.residentBytes) / mebibyte / count,
        (usage.heapUsedBytes - empty.heapUsedBytes) / mebibyte / count,
        idleCpu,
      ]),
    ]),
  );
  printTable(
    `Pairing, ${flags.batch} at a time: scan to connected; target under 1 s`,
    ["", "up to", "p50 ms", "p95 ms", "max ms", "sessions/s"],
    sides.flatMap(({ name, steps }) =>
      steps.map(({ count, latencies, seconds }, index) => [
        index === 0 ? name : "",
        count,
        quantile(latencies, 0.5),
        quantile(latencies, 0.95),
        quantile(latencies, 1),
        latencies.length / seconds,
      ]),
    ),
  );
  for (const { name, steps } of sides) {
    printCpuTable(
      `Where the CPU of a pairing goes (${name})`,
      steps.map(({ pairingCpuMs }) => pairingCpuMs),
    );
  }
}
