import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { readFlags } from "./support/flags.ts";
import { median, quantile } from "./support/statistics.ts";
import { printMachine, printTable, progress } from "./support/table.ts";

const flags = readFlags("npm start until it is ready, the first time and again", { rounds: 3 });
const root = fileURLToPath(new URL("..", import.meta.url));

printMachine();
const times = { first: [] as number[], again: [] as number[], stop: [] as number[] };
for (let round = 1; round <= flags.rounds; round++) {
  progress(`round ${round} of ${flags.rounds}`);
  const data = await mkdtemp(join(tmpdir(), "whatsapp-microservice-bench-"));
  try {
    times.first.push(await startOnce(data));
    times.again.push(await startOnce(data));
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}
printTable(
  "npm start until ready, and Ctrl-C until stopped, in seconds",
  ["", "median", "slowest", "target"],
  [
    ["first start", median(times.first), quantile(times.first, 1), "10"],
    ["start again", median(times.again), quantile(times.again, 1), "5"],
    ["stop", median(times.stop), quantile(times.stop, 1), ""],
  ],
);

/** Seconds from the command to its line of addresses; it is stopped again. */
async function startOnce(data: string): Promise<number> {
  const startedAt = performance.now();
  const child = spawn("npm", ["start", "--silent", "--", "--json", "--data", data], {
    cwd: root,
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const exited = once(child, "exit");
  await readyLine(child);
  const readyAt = performance.now();
  child.kill("SIGINT");
  await exited;
  times.stop.push((performance.now() - readyAt) / 1000);
  return (readyAt - startedAt) / 1000;
}

async function readyLine({ stdout, ...child }: ChildProcess): Promise<void> {
  if (stdout === null) throw new Error("npm was started without a pipe");
  for await (const line of createInterface({ input: stdout })) if (line.startsWith("{")) return;
  throw new Error(`npm start ended with ${child.exitCode} before it was ready`);
}
