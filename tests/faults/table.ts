import { violationKinds } from "./judge/violation.ts";
import type { RunResult } from "./run-scenario.ts";

export interface Row {
  name: string;
  results: RunResult[];
}

const header = ["scenario", "runs", "messages", ...violationKinds, "seconds to recover"];

/** A Markdown table: what the runs of each scenario sent, and the promises that they broke. */
export function formatTable(rows: Row[]): string {
  const cells = [header, header.map(() => "---"), ...rows.map(cellsOf)];
  const widths = header.map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  return cells
    .map((row) => {
      const padded = row.map((cell, column) =>
        cell === "---" ? "-".repeat(widths[column] ?? 3) : cell.padEnd(widths[column] ?? 0),
      );
      return `| ${padded.join(" | ")} |`;
    })
    .join("\n");
}

function cellsOf({ name, results }: Row): string[] {
  const messages = results.reduce(
    (sum, { messages: { out, in: received } }) => sum + out + received,
    0,
  );
  const counts = violationKinds.map(
    (kind) =>
      results.flatMap(({ violations }) => violations.filter((one) => one.kind === kind)).length,
  );
  const seconds = results.map(({ recoverySeconds }) => recoverySeconds);
  const recovery = seconds.includes(undefined)
    ? "never"
    : Math.max(...seconds.map((value) => value ?? 0)).toFixed(1);
  return [name, String(results.length), String(messages), ...counts.map(String), recovery];
}
