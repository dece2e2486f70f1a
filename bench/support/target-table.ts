import { z } from "zod";
import { printTable } from "./table.ts";

/** Each row of the target table: what it measures, in which unit, and its target. */
const rows = {
  sendCpu: ["sent text, 16 at a time: CPU of all processes", "ms", "<= 8 and <= 2 x plain"],
  sendRate: ["  rate", "/s", ">= 250"],
  sendLatency: ["sent text, one at a time: p50", "ms", "<= 12"],
  receiveRate: ["incoming text to webhook: rate", "/s", ">= 400"],
  receiveCpu: ["  CPU of all processes", "ms", "<= 3"],
  backlogRate: ["webhook backlog", "/s", ">= 300 and >= plain / 2"],
  eventLatency: ["event to SSE, 100 clients: p99", "ms", "<= 30"],
  idleMemory: ["idle, all processes: PSS", "MB", "<= 300"],
  sessionMemory20: ["a session, 20 to 50: PSS", "MB", "<= 1.5"],
  sessionMemory50: ["a session, 50 to 100: PSS", "MB", "<= 1.5"],
  startFirst: ["start, first", "s", "<= 4"],
  startAgain: ["start, again", "s", "<= 2.5"],
  restart: ["restart with 50 sessions until all are connected", "s", "<= 3.5"],
} as const satisfies Record<string, readonly [label: string, unit: string, target: string]>;

const columns = ["before", "ours", "bare", "plain"] as const;
export type Column = (typeof columns)[number];
export const columnTitles: Record<Column, string> = {
  before: "compared",
  ours: "ours",
  bare: "bare Baileys",
  plain: "bench/plain",
};

type Row = keyof typeof rows;
const rowNames = Object.keys(rows) as [Row, ...Row[]];

export const figureSchema = z.object({
  row: z.enum(rowNames),
  column: z.enum(columns),
  value: z.number(),
});
export type Figure = z.infer<typeof figureSchema>;

/** Hands a figure to the process that runs several benches, if there is one. */
export async function reportFigure(figure: Figure): Promise<void> {
  if (process.send === undefined) return;
  await new Promise((resolve) => process.send?.(figure, resolve));
}

/** Prints every row; the column of another checkout only if there are figures of one. */
export function printTargetTable(figures: readonly Figure[]): void {
  const shown = columns.filter(
    (column) => column !== "before" || figures.some((figure) => figure.column === column),
  );
  const valueOf = (row: Row, column: Column) =>
    figures.find((figure) => figure.row === row && figure.column === column)?.value ?? "-";
  printTable(
    "Targets",
    ["", "unit", ...shown.map((column) => columnTitles[column]), "target"],
    rowNames.map((row) => {
      const [label, unit, target] = rows[row];
      return [label, unit, ...shown.map((column) => valueOf(row, column)), target];
    }),
  );
}
