import { cpuByPart } from "./cpu-by-part.ts";
import { median } from "./statistics.ts";
import { printTable } from "./table.ts";

/** CPU milliseconds by part of one of what `work` does `count` times. */
export async function cpuOfEach<Result>(
  count: number,
  work: () => Promise<Result>,
): Promise<{ result: Result; parts: Map<string, number> }> {
  const before = cpuByPart();
  const result = await work();
  const parts = new Map<string, number>();
  for (const [name, ms] of cpuByPart()) {
    const spent = ms - (before.get(name) ?? 0);
    if (spent > 0) parts.set(name, spent / count);
  }
  return { result, parts };
}

/** The median of what was measured several times; nothing where CPU time cannot be read. */
export function printParts(title: string, measured: readonly Map<string, number>[]): void {
  const names = [...new Set(measured.flatMap((parts) => [...parts.keys()]))];
  if (names.length === 0) return;
  const rows = names.map((name): [string, number] => [
    name,
    median(measured.map((parts) => parts.get(name) ?? 0)),
  ]);
  printTable(
    title,
    ["", "CPU ms"],
    rows.toSorted(([, one], [, other]) => other - one),
  );
}
