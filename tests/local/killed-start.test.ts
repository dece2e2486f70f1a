import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Addresses } from "../../local/addresses.ts";
import { type Program, startProgram } from "../support/program.ts";

let data: string;
let program: Program | undefined;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "whatsapp-microservice-killed-"));
});
afterEach(async () => {
  await program?.stop();
  await rm(data, { recursive: true, force: true });
});

/** The process and its descendants that run now. */
async function processTree(root: number): Promise<Map<number, string>> {
  const parents = new Map<number, { parent: number; command: string }>();
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const known = await describe(Number(entry));
    if (known !== undefined) parents.set(Number(entry), known);
  }
  const tree = new Map<number, string>();
  for (const [pid, { command }] of parents) {
    for (let at: number | undefined = pid; at !== undefined; at = parents.get(at)?.parent) {
      if (at === root) tree.set(pid, command);
    }
  }
  return tree;
}

/** Undefined for a process that has ended. */
async function describe(pid: number): Promise<{ parent: number; command: string } | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    if (/^State:\s+[ZX]/m.test(status)) return undefined;
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8");
    return {
      parent: Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]),
      command: command.replaceAll("\0", " ").trim(),
    };
  } catch {
    return undefined;
  }
}

/** Those of the processes that still run as the same program. */
async function stillRunning(processes: Map<number, string>): Promise<string[]> {
  const left: string[] = [];
  for (const [pid, command] of processes) {
    if ((await describe(pid))?.command === command) left.push(`${pid} ${command}`);
  }
  return left;
}

test.runIf(process.platform === "linux").each([
  { name: "npm", command: "npm", args: ["start", "--"] },
  { name: "the starter itself", command: process.execPath, args: ["local/start.ts"] },
])("SIGKILL of $name leaves nothing running", async ({ command, args }) => {
  program = startProgram(command, [...args, "--json", "--data", data]);
  const { stdout } = program;
  await expect.poll(() => stdout().includes('{"apiUrl"'), { timeout: 50_000 }).toBe(true);
  const addresses = JSON.parse(stdout().slice(stdout().indexOf('{"apiUrl"'))) as Addresses;
  const processes = await processTree(program.child.pid ?? 0);
  const commands = [...processes.values()].join("\n");
  for (const part of ["postgres", "workerd", "connector/start.ts", "sandbox/start.ts"]) {
    expect(commands).toContain(part);
  }

  const exited = once(program.child, "exit");
  program.child.kill("SIGKILL");
  await exited;
  await expect.poll(() => stillRunning(processes), { timeout: 40_000 }).toEqual([]);
  await expect(fetch(`${addresses.apiUrl}/health`)).rejects.toThrow("fetch failed");

  // PostgreSQL was shut down cleanly: its lock file is gone.
  expect(await readdir(join(data, "postgres"))).not.toContain("postmaster.pid");
});
