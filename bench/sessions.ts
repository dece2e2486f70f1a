import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../tests/support/api.ts";
import type { Bare } from "./bare/start.ts";
import { type Environment, runBench } from "./environment/environment.ts";
import { pairSessions, sessionName } from "./environment/pair.ts";
import { startPlain } from "./plain/start.ts";
import { startProduct } from "./product/start.ts";
import { readFlags } from "./support/flags.ts";
import type { Gateway } from "./support/gateway.ts";
import type { Load } from "./support/load.ts";
import { cpuOf, perUnit, printProcessTable } from "./support/process-table.ts";
import { cpuByProcess, memoryByProcess, totalOf } from "./support/process-tree.ts";
import { quantile } from "./support/statistics.ts";
import { printTable, progress } from "./support/table.ts";
import { type Column, columnTitles, reportFigure } from "./support/target-table.ts";

const flags = readFlags("What an idle session costs, pairing, and a restart with 50 sessions", {
  sessions: {
    usual: 100,
    quick: 50,
    about: "sessions in the end; memory is read at 20, 50, 100...",
  },
  restart: { usual: 50, quick: 20, about: "sessions that connect again after a restart" },
  batch: { usual: 5, quick: 5, about: "pairings at a time" },
  settle: {
    usual: 8,
    quick: 2,
    about: "seconds from the last pairing to the reading of the memory",
  },
});
const counts = [...new Set([20, 50, 100, 250, flags.sessions])]
  .filter((count) => count <= flags.sessions)
  .toSorted((one, other) => one - other);
const restartTimeoutMs = 60_000;
const mebibyte = 2 ** 20;

interface Step {
  count: number;
  /** From the scan until connected, of the sessions that this step added. */
  pairing: Load;
  /** CPU milliseconds of one pairing, by process. */
  pairingCpuMs: Map<string, number>;
  bytes: number;
  /** CPU milliseconds of all sessions in a second. */
  idleCpuMs: number;
}
interface Side {
  column: Column;
  steps: Step[];
  restartSeconds?: number;
}

await runBench(flags, async (environment) => {
  const sides: Side[] = [];
  for (const { column, directory } of environment.checkouts) {
    const webhookUrl = environment.receiver.urlOf(column);
    const settings = { column, directory, webhookUrl, ...(await shared(environment)) };
    const product = await startProduct(settings);
    const restart = () => startProduct({ ...settings, tenant: product.tenant });
    sides.push(await measureGateway(environment, product, restart));
  }
  const webhookUrl = environment.receiver.urlOf("plain");
  const settings = { webhookUrl, ...(await shared(environment)) };
  const plain = await startPlain(settings);
  sides.push(await measureGateway(environment, plain, () => startPlain(settings)));
  sides.push(await measureBare(environment.startBare()));
  await report(sides);
});

async function shared({ sandbox, newDirectory }: Environment) {
  return { sandbox, dataDir: await newDirectory() };
}

async function measureGateway(
  environment: Environment,
  gateway: Gateway,
  restart: () => Promise<Gateway>,
): Promise<Side> {
  const { column, pid } = gateway;
  environment.stopAtEnd(gateway);
  const steps = await addSessions(column, pid, (from, to) =>
    pairSessions(environment, gateway, { from, to, batch: flags.batch }),
  );
  for (let index = flags.restart; index < flags.sessions; index++) {
    await gateway.deleteSession(sessionName(index));
  }
  progress(`${columnTitles[column]}: restart with ${flags.restart} sessions`);
  await environment.stopNow(gateway);
  const startedAt = performance.now();
  const restarted = environment.stopAtEnd(await restart());
  const allConnected = (count: number) => count === flags.restart;
  await until(() => restarted.countConnected(), allConnected, restartTimeoutMs);
  const restartSeconds = (performance.now() - startedAt) / 1000;
  progress(`${columnTitles[column]}: all connected after ${restartSeconds.toFixed(1)} s`);
  await environment.stopNow(restarted);
  return { column, steps, restartSeconds };
}

async function measureBare(bare: Bare): Promise<Side> {
  const steps = await addSessions("bare", bare.pid, (from, to) =>
    bare.sendCommand({ type: "pair", count: to - from, batch: flags.batch }),
  );
  return { column: "bare", steps };
}

async function addSessions(
  column: Column,
  pid: number,
  pair: (from: number, to: number) => Promise<Load>,
): Promise<Step[]> {
  const steps: Step[] = [];
  let paired = 0;
  for (const count of counts) {
    const from = paired;
    const { result, cpuMs } = await cpuOf(pid, () => pair(from, count));
    const settling = cpuByProcess(pid);
    await sleep(flags.settle * 1000);
    const idleCpuMs = (totalOf(cpuByProcess(pid)) - totalOf(settling)) / flags.settle;
    const bytes = totalOf(memoryByProcess(pid));
    const pairingCpuMs = perUnit(cpuMs, count - from);
    steps.push({ count, pairing: result, pairingCpuMs, bytes, idleCpuMs });
    progress(`${columnTitles[column]}: ${count} sessions, ${(bytes / mebibyte).toFixed(0)} MB`);
    paired = count;
  }
  return steps;
}

async function report(sides: Side[]): Promise<void> {
  const rows: (string | number)[][] = [];
  for (const { column, steps, restartSeconds } of sides) {
    for (const [index, { count, bytes, pairing, idleCpuMs }] of steps.entries()) {
      const previous = steps[index - 1];
      const added = count - (previous?.count ?? count);
      const each =
        previous === undefined ? Number.NaN : (bytes - previous.bytes) / mebibyte / added;
      rows.push([
        columnTitles[column],
        count,
        bytes / mebibyte,
        each,
        idleCpuMs,
        quantile(pairing.latencies, 0.5),
        quantile(pairing.latencies, 0.95),
        pairing.latencies.length / pairing.seconds,
      ]);
      if (count === 50) await reportFigure({ row: "sessionMemory20", column, value: each });
      if (count === 100) await reportFigure({ row: "sessionMemory50", column, value: each });
    }
    if (restartSeconds === undefined) continue;
    await reportFigure({ row: "restart", column, value: restartSeconds });
  }
  printTable(
    `Sessions, ${flags.settle} s after the last pairing; pairing from the scan until connected, ${flags.batch} at a time`,
    [
      "",
      "sessions",
      "PSS MB",
      "MB/session",
      "idle CPU ms/s",
      "pair p50 ms",
      "p95 ms",
      "pairings/s",
    ],
    rows,
  );
  printTable(
    `Restart with ${flags.restart} sessions until all are connected, in seconds`,
    ["", "seconds"],
    sides.flatMap(({ column, restartSeconds }) =>
      restartSeconds === undefined ? [] : [[columnTitles[column], restartSeconds]],
    ),
  );
  printProcessTable(
    "CPU ms of a pairing",
    sides.map(({ column, steps }) => ({
      name: columnTitles[column],
      measured: steps.map(({ pairingCpuMs }) => pairingCpuMs),
    })),
  );
}
