import { printable } from "./printable.ts";

/** Where a command writes. Results go to stdout, remarks to stderr, so that pipes have results only. */
export interface Output {
  /** One JSON document in a line with `--json`, else the lines. */
  result(value: unknown, lines: string | string[]): void;
  /** A remark for people; nothing with `--json`. */
  note(line: string): void;
  isJson: boolean;
  /** Whether stdout is a terminal that shows colours. */
  hasColours: boolean;
}

export function createOutput(
  io: { stdout(text: string): void; stderr(text: string): void; hasColours: boolean },
  isJson: boolean,
): Output {
  return {
    isJson,
    hasColours: io.hasColours,
    result(value, lines) {
      const text = isJson ? JSON.stringify(value) : [lines].flat().join("\n");
      if (text !== "") io.stdout(`${text}\n`);
    },
    note(line) {
      if (!isJson) io.stderr(`${line}\n`);
    },
  };
}

/** Aligned columns with a header. */
export function table(header: string[], rows: (string | null | undefined)[][]): string[] {
  const cells = [header, ...rows.map((row) => row.map((cell) => printable(cell ?? "-")))];
  const widths = header.map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
