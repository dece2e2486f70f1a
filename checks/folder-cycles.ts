/**
 * Fails when folders import each other in a circle, type imports counted. oxlint's
 * `import/no-cycle` does the same for files. A folder is the first level inside a package
 * (connector/session, sandbox/phone); a file directly inside a package stands for itself.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const packages = [
  "shared",
  "control-plane",
  "connector",
  "sandbox",
  "local",
  "bench",
  "client",
  "cli",
];

function folderOf(file: string): string {
  return file.split("/").slice(0, 2).join("/");
}

function importsOf(file: string): string[] {
  const source = readFileSync(file, "utf8");
  const specifiers = source.matchAll(/^(?:import|export)\b[^;]*?\bfrom "(\.[^"]+)";/gm);
  return Array.from(specifiers, ([, path = ""]) => join(dirname(file), path));
}

/** Which file is the reason that one folder depends on another. */
function readDependencies(): Map<string, Map<string, string>> {
  const dependencies = new Map<string, Map<string, string>>();
  const files = packages
    .flatMap((name) => globSync(`${name}/**/*.ts`))
    .filter((file) => !file.endsWith(".test.ts"));
  for (const file of files) {
    const from = folderOf(file);
    for (const imported of importsOf(file)) {
      const to = folderOf(imported);
      if (to === from) continue;
      const reasons = dependencies.get(from) ?? new Map<string, string>();
      if (!reasons.has(to)) reasons.set(to, `${file} imports ${imported}`);
      dependencies.set(from, reasons);
    }
  }
  return dependencies;
}

/** The shortest way from a folder back to itself; undefined when there is none. */
function findCycle(
  start: string,
  dependencies: Map<string, Map<string, string>>,
): string[] | undefined {
  const paths: { folder: string; reasons: string[] }[] = [{ folder: start, reasons: [] }];
  const seen = new Set<string>();
  for (const { folder, reasons } of paths) {
    for (const [next, reason] of dependencies.get(folder) ?? []) {
      if (next === start) return [...reasons, reason];
      if (seen.has(next)) continue;
      seen.add(next);
      paths.push({ folder: next, reasons: [...reasons, reason] });
    }
  }
  return undefined;
}

const dependencies = readDependencies();
const cycles = new Map<string, string[]>();
for (const folder of dependencies.keys()) {
  const cycle = findCycle(folder, dependencies);
  if (cycle !== undefined) cycles.set(cycle.toSorted().join("\n"), cycle);
}
for (const cycle of cycles.values()) {
  console.error(`Folders import each other in a circle:\n  ${cycle.join("\n  ")}`);
}
if (cycles.size > 0) process.exitCode = 1;
