import { cpuByProcess, totalOf } from "./process-tree.ts";
import { median } from "./statistics.ts";
import { printTable } from "./table.ts";

/** One column of a table with a row for each process: several measurements of the same thing. */
export interface ProcessColumn {
  name: string;
  measured: readonly ReadonlyMap<string, number>[];
}

/** CPU milliseconds that a process and its descendants spend on `work`, by name. */
export async function cpuOf<Result>(
  root: number,
  work: () => Promise<Result>,
): Promise<{ result: Result; cpuMs: Map<string, number> }> {
  const before = cpuByProcess(root);
  const result = await work();
  const cpuMs = new Map<string, number>();
  for (const [name, ms] of cpuByProcess(root)) cpuMs.set(name, ms - (before.get(name) ?? 0));
  return { result, cpuMs };
}

/** The same figures for one of `count` units of work. */
export function perUnit(
  byProcess: ReadonlyMap<string, number>,
  count: number,
): Map<string, number> {
  return new Map([...byProcess].map(([name, value]) => [name, value / count]));
}

/** Prints medians by process and their total, or nothing where /proc cannot be read. */
export function printProcessTable(title: string, columns: readonly ProcessColumn[]): void {
  const names = new Set(
    columns.flatMap(({ measured }) => measured.flatMap((map) => [...map.keys()])),
  );
  if (names.size === 0) return;
  const valuesOf = (name: string) =>
    columns.map(({ measured }) => {
      const values = measured.flatMap((map) => map.get(name) ?? []);
      return values.length === 0 ? "" : median(values);
    });
  printTable(
    title,
    ["", ...columns.map(({ name }) => name)],
    [
      ...[...names]
        .map((name) => [name, ...valuesOf(name)])
        .filter(([, ...values]) => values.some((value) => value !== "" && value !== 0)),
      ["total", ...columns.map(({ measured }) => median(measured.map(totalOf)))],
    ],
  );
}
