type Cell = string | number;

/** Prints rows in columns; numbers with about three significant digits, "-" where there is none. */
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

export function progress(line: string): void {
  process.stderr.write(`  ... ${line}\n`);
}

function asText(cell: Cell): string {
  if (typeof cell === "string") return cell;
  if (Number.isNaN(cell)) return "-";
  if (Number.isInteger(cell) || cell >= 100) return cell.toFixed(0);
  return cell.toFixed(cell >= 10 ? 1 : 2);
}
