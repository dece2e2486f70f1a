import { cpuByProcess } from "./cpu-by-process.ts";
import { median } from "./statistics.ts";
import { printTable } from "./table.ts";

/** Runs `work`, which does something `count` times. Returns the CPU milliseconds of one time, by process. */
export async function cpuOfEach<Result>(
  count: number,
  work: () => Promise<Result>,
): Promise<{ result: Result; cpuMs: Map<string, number> }> {
  const before = cpuByProcess();
  const result = await work();
  const cpuMs = new Map<string, number>();
  for (const [name, ms] of cpuByProcess()) {
    const spent = ms - (before.get(name) ?? 0);
    if (spent > 0) cpuMs.set(name, spent / count);
  }
  return { result, cpuMs };
}

/** Prints the median of several measurements, or nothing where CPU time cannot be read. */
export function printCpuTable(title: string, measured: readonly Map<string, number>[]): void {
  const names = [...new Set(measured.flatMap((cpuMs) => [...cpuMs.keys()]))];
  if (names.length === 0) return;
  const rows = names.map((name): [string, number] => [
    name,
    median(measured.map((cpuMs) => cpuMs.get(name) ?? 0)),
  ]);
  printTable(
    title,
    ["", "CPU ms"],
    rows.toSorted(([, one], [, other]) => other - one),
  );
}
