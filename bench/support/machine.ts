import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";

const ticksPerSecond = 100;

/** Prints the machine and its load, which is above zero when others use it as well. */
export function printMachine(): void {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const gigabytes = (totalmem() / 2 ** 30).toFixed(0);
  process.stdout.write(
    `${availableParallelism()} x ${model}, ${gigabytes} GB, Node ${process.versions.node}, load ${currentLoad()}\n`,
  );
}

export function currentLoad(): string {
  return loadavg()[0]?.toFixed(1) ?? "?";
}

/**
 * Starts to watch the CPU. The returned function gives the share of the machine (0 to 1) that
 * processes other than this one and its exited children have used since; NaN without /proc. It is
 * an upper bound: a process that outlives its parent, such as a killed workerd, is among the others.
 */
export function watchOthers(): () => number {
  const startedAt = performance.now();
  const before = othersTicks();
  return () => {
    const seconds = (performance.now() - startedAt) / 1000;
    return (othersTicks() - before) / ticksPerSecond / seconds / availableParallelism();
  };
}

function othersTicks(): number {
  try {
    const [, user, nice, system, , , irq, softirq, steal] = readFileSync("/proc/stat", "utf8")
      .split("\n", 1)[0]!
      .split(/\s+/)
      .map(Number);
    const stat = readFileSync("/proc/self/stat", "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const own = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return user! + nice! + system! + irq! + softirq! + steal! - own;
  } catch {
    return Number.NaN;
  }
}
