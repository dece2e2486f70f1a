import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { currentLoad, printMachine, watchOthers } from "./support/machine.ts";
import { type Figure, figureSchema, printTargetTable } from "./support/target-table.ts";

/** `npm run bench`: the benches that fill the target table. `npm run bench -- NAME`: one of them. */
const set = ["start", "send", "receive", "backlog", "events", "sessions"];
const all = [...set, "queue", "history", "media", "memory", "scale"];
const interruptedCode = 130;
const help = `npm run bench -- [name] [flags]

Without a name: ${set.join(", ")}, then the target table.
Names: ${all.join(", ")}; --help after a name lists its flags.

  --quick        small counts, to try the benches themselves
  --compare DIR  measure the product of another checkout in the same run
`;

const [first, ...rest] = process.argv.slice(2);
if (first === "--help") {
  process.stdout.write(help);
} else if (first === undefined || first.startsWith("--")) {
  await runSet(process.argv.slice(2));
} else if (all.includes(first)) {
  await runOne(first, rest);
} else {
  process.stderr.write(`There is no bench "${first}".\n\n${help}`);
  process.exitCode = 1;
}

async function runSet(flags: string[]): Promise<void> {
  const startedAt = performance.now();
  const loadBefore = currentLoad();
  const shareOfOthers = watchOthers();
  const figures: Figure[] = [];
  for (const name of set) figures.push(...(await runOne(name, flags)));
  process.stdout.write("\n");
  printMachine();
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  const others = (shareOfOthers() * 100).toFixed(0);
  process.stdout.write(
    `${minutes} minutes, load ${loadBefore} before; processes outside of the benches used at most ${others} % of the CPU\n`,
  );
  printTargetTable(figures);
}

/** Runs a bench in a process of its own and returns its figures for the target table. */
async function runOne(name: string, flags: string[]): Promise<Figure[]> {
  const figures: Figure[] = [];
  process.stdout.write(`\n${name}\n`);
  const child = fork(fileURLToPath(new URL(`${name}.ts`, import.meta.url)), flags);
  child.on("message", (message) => figures.push(figureSchema.parse(message)));
  // A bench that is interrupted stops first what it started.
  const forward = (signal: NodeJS.Signals) => void child.kill(signal);
  process.on("SIGINT", forward).on("SIGTERM", forward);
  const [code] = await once(child, "exit");
  process.off("SIGINT", forward).off("SIGTERM", forward);
  if (code === interruptedCode) process.exit(code);
  if (code !== 0) process.exitCode = 1;
  return figures;
}
