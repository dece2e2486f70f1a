import { readdirSync, readFileSync } from "node:fs";

/** Linux counts the CPU time that it shows to programs in hundredths of a second. */
const msPerTick = 10;

/** The first pattern that a command line matches names the process. */
const names: [pattern: RegExp, name: string][] = [
  [/connector\/start\./, "connector"],
  [/local\/worker\//, "Worker host (Node)"],
  [/workerd/, "workerd"],
  [/local\/supabase\//, "Supabase server"],
  [/local\/start\./, "starter"],
  [/sandbox\/start\./, "sandbox"],
  [/bench\/bare\//, "bare Baileys"],
  [/bench\/plain\//, "bench/plain"],
  [/postgres/, "PostgreSQL"],
];

interface ProcessRow {
  pid: number;
  parent: number;
  ticks: number;
}

/**
 * CPU milliseconds used so far by a process and its descendants, by name. npm is left out: it only
 * waits for the process that it started. Empty where there is no /proc.
 */
export function cpuByProcess(root: number): Map<string, number> {
  return sumByName(root, ({ ticks }) => ticks * msPerTick);
}

/**
 * Bytes of memory of a process and its descendants, by name, npm left out. Counted is the
 * proportional set size: pages that several processes share are divided among them.
 */
export function memoryByProcess(root: number): Map<string, number> {
  return sumByName(root, ({ pid }) => {
    const kibibytes = /^Pss:\s+(\d+) kB$/m.exec(contentOf(`/proc/${pid}/smaps_rollup`) ?? "")?.[1];
    return Number(kibibytes ?? 0) * 1024;
  });
}

/** The sum over all processes; NaN where there is no /proc. */
export function totalOf(byProcess: ReadonlyMap<string, number>): number {
  if (byProcess.size === 0) return Number.NaN;
  return [...byProcess.values()].reduce((sum, value) => sum + value, 0);
}

function sumByName(root: number, valueOf: (row: ProcessRow) => number): Map<string, number> {
  const sums = new Map<string, number>();
  const rows = readProcesses();
  for (const row of rows.values()) {
    const name = descendsFrom(root, row.pid, rows) ? nameOf(row.pid) : undefined;
    if (name !== undefined) sums.set(name, (sums.get(name) ?? 0) + valueOf(row));
  }
  return sums;
}

function readProcesses(): Map<number, ProcessRow> {
  const rows = new Map<number, ProcessRow>();
  for (const entry of entriesOf("/proc")) {
    const pid = Number(entry);
    const stat = Number.isInteger(pid) ? contentOf(`/proc/${pid}/stat`) : undefined;
    if (stat === undefined) continue;
    // The fields after the name, which is in parentheses and may contain spaces.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // User and system time, its own and that of its children that have exited.
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    rows.set(pid, { pid, parent: Number(fields[1]), ticks });
  }
  return rows;
}

function descendsFrom(root: number, pid: number, rows: Map<number, ProcessRow>): boolean {
  for (let at: number | undefined = pid; at !== undefined; at = rows.get(at)?.parent) {
    if (at === root) return true;
  }
  return false;
}

/** Undefined for npm and for processes that have exited meanwhile. */
function nameOf(pid: number): string | undefined {
  const command = contentOf(`/proc/${pid}/cmdline`)?.split("\0") ?? [];
  const line = command.join(" ").trim();
  if (line === "" || line.startsWith("npm ")) return undefined;
  const known = names.find(([pattern]) => pattern.test(line))?.[1];
  if (known !== undefined) return known;
  const script = command.slice(1).find((argument) => /\.[cm]?[jt]s$/.test(argument));
  return (script ?? command[0])?.split("/").slice(-2).join("/");
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Undefined when the process has exited meanwhile. */
function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
