import { setTimeout as sleep } from "node:timers/promises";
import { type Environment, runBench } from "./environment/environment.ts";
import { startPlain } from "./plain/start.ts";
import { spawnProduct } from "./product/spawn-product.ts";
import { readFlags } from "./support/flags.ts";
import { printProcessTable, type ProcessColumn } from "./support/process-table.ts";
import { memoryByProcess, totalOf } from "./support/process-tree.ts";
import { median, quantile } from "./support/statistics.ts";
import { printTable, progress } from "./support/table.ts";
import { type Column, columnTitles, reportFigure } from "./support/target-table.ts";

const flags = readFlags("npm start until it is ready, the first time and again; memory when idle", {
  rounds: { usual: 3, quick: 1, about: "first starts and starts again" },
  settle: { usual: 10, quick: 2, about: "seconds from the start to the reading of the memory" },
});
const mebibyte = 2 ** 20;

/** Started by its command, with this data directory. */
interface Started {
  pid: number;
  startSeconds: number;
  stop(): Promise<void>;
}
interface Candidate {
  column: Column;
  start(dataDir: string): Promise<Started>;
}
interface Times {
  first: number[];
  again: number[];
  stop: number[];
}

await runBench(flags, async (environment) => {
  const memory: ProcessColumn[] = [];
  const rows: (string | number)[][] = [];
  for (const candidate of candidatesOf(environment)) {
    const { column } = candidate;
    const name = columnTitles[column];
    const times: Times = { first: [], again: [], stop: [] };
    for (let round = 1; round <= flags.rounds; round++) {
      progress(`${name}, round ${round} of ${flags.rounds}`);
      const dataDir = await environment.newDirectory();
      times.first.push(await startOnce(candidate, dataDir, times));
      times.again.push(await startOnce(candidate, dataDir, times));
    }
    await reportFigure({ row: "startFirst", column, value: median(times.first) });
    await reportFigure({ row: "startAgain", column, value: median(times.again) });
    for (const [kind, seconds] of Object.entries(times) as [keyof Times, number[]][]) {
      rows.push([name, kind, median(seconds), quantile(seconds, 1)]);
    }
    progress(`${name}, idle`);
    const idle = environment.stopAtEnd(await candidate.start(await environment.newDirectory()));
    memory.push(await idleMemory(column, idle.pid));
    await environment.stopNow(idle);
  }
  memory.push(await idleMemory("bare", environment.startBare().pid));
  printTable(
    "Start until ready, and Ctrl-C until stopped, in seconds",
    ["", "", "median", "slowest"],
    rows,
  );
  printProcessTable(
    `Memory without sessions, ${flags.settle} s after the start: PSS in MB`,
    memory,
  );
});

function candidatesOf({ checkouts, sandbox, receiver }: Environment): Candidate[] {
  const webhookUrl = receiver.urlOf("plain");
  return [
    ...checkouts.map(({ column, directory }): Candidate => ({
      column,
      start: (dataDir) => spawnProduct({ directory, dataDir }),
    })),
    { column: "plain", start: (dataDir) => startPlain({ dataDir, sandbox, webhookUrl }) },
  ];
}

async function startOnce(candidate: Candidate, dataDir: string, times: Times): Promise<number> {
  const started = await candidate.start(dataDir);
  const readyAt = performance.now();
  await started.stop();
  times.stop.push((performance.now() - readyAt) / 1000);
  return started.startSeconds;
}

async function idleMemory(column: Column, pid: number): Promise<ProcessColumn> {
  await sleep(flags.settle * 1000);
  const bytes = memoryByProcess(pid);
  const megabytes = new Map([...bytes].map(([name, value]) => [name, value / mebibyte]));
  await reportFigure({ row: "idleMemory", column, value: totalOf(megabytes) });
  return { name: columnTitles[column], measured: [megabytes] };
}
