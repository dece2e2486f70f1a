import { readdirSync, readFileSync } from "node:fs";

/** Linux counts CPU time for programs in hundredths of a second. */
const msPerTick = 10;
const commands: [name: string, pattern: string][] = [
  ["connector", "connector/start.ts"],
  ["Worker (workerd and its Node)", "local/worker/main.ts"],
  ["Worker (workerd and its Node)", "workerd"],
  ["Supabase server", "local/supabase/main.ts"],
  ["PostgreSQL", "postgres"],
  ["sandbox", "sandbox/start.ts"],
  ["bare Baileys", "bench/bare/main.ts"],
];

/** CPU milliseconds used so far by this process and its descendants, by name; empty without /proc. */
export function cpuByProcess(): Map<string, number> {
  const used = new Map<string, number>();
  const processes = readProcesses();
  for (const { pid, ticks } of processes.values()) {
    if (!descends(pid, processes)) continue;
    const name = pid === process.pid ? "load generator" : nameOf(pid);
    if (name !== undefined) used.set(name, (used.get(name) ?? 0) + ticks * msPerTick);
  }
  return used;
}

interface Process {
  pid: number;
  parent: number;
  ticks: number;
}

function readProcesses(): Map<number, Process> {
  const processes = new Map<number, Process>();
  for (const entry of entriesOf("/proc")) {
    const pid = Number(entry);
    const stat = Number.isInteger(pid) ? contentOf(`/proc/${pid}/stat`) : undefined;
    if (stat === undefined) continue;
    // After the name, which is in parentheses and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [parent, user, system] = [fields[1], fields[11], fields[12]].map(Number);
    processes.set(pid, { pid, parent: parent ?? 0, ticks: (user ?? 0) + (system ?? 0) });
  }
  return processes;
}

function descends(pid: number, processes: Map<number, Process>): boolean {
  for (let at: number | undefined = pid; at !== undefined; at = processes.get(at)?.parent) {
    if (at === process.pid) return true;
    if (at <= 1) return false;
  }
  return false;
}

function nameOf(pid: number): string | undefined {
  const command = contentOf(`/proc/${pid}/cmdline`) ?? "";
  return commands.find(([, pattern]) => command.includes(pattern))?.[0];
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Undefined when the process has ended meanwhile. */
function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
