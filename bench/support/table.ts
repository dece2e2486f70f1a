import { availableParallelism, cpus, loadavg, totalmem } from "node:os";

type Cell = string | number;

/** Prints rows in columns; a number with as many digits as it needs to be told from its like. */
export function printTable(title: string, head: readonly string[], rows: readonly Cell[][]): void {
  const lines = [head, ...rows.map((row) => row.map(asText))];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  process.stdout.write(`\n${title}\n\n`);
  for (const [index, line] of lines.entries()) {
    const cells = line.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
    );
    process.stdout.write(`  ${cells.join("  ").trimEnd()}\n`);
    if (index === 0) process.stdout.write(`  ${widths.map((n) => "-".repeat(n)).join("  ")}\n`);
  }
}

/** What it was measured on, and whether others were at work there. */
export function printMachine(): void {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const gigabytes = (totalmem() / 2 ** 30).toFixed(0);
  const load = loadavg()[0]?.toFixed(1) ?? "?";
  process.stdout.write(
    `${availableParallelism()} x ${model}, ${gigabytes} GB, Node ${process.versions.node}, load ${load} before\n`,
  );
}

export function progress(line: string): void {
  process.stderr.write(`  ... ${line}\n`);
}

function asText(cell: Cell): string {
  if (typeof cell === "string") return cell;
  if (Number.isInteger(cell) || cell >= 100) return cell.toFixed(0);
  return cell.toFixed(cell >= 10 ? 1 : 2);
}
