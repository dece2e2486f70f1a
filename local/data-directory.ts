import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export interface DataDirectory {
  path: string;
  /** Lets another start have it; a temporary one is removed. */
  release(): Promise<void>;
}

/** A data directory that another running start holds. */
export class AlreadyRunning extends Error {}

/**
 * Takes the directory for this process, or a temporary one when `memory` is set.
 * @throws AlreadyRunning, with what to do, while another process that lives holds it.
 */
export async function takeDataDirectory(options: {
  data: string;
  memory: boolean;
}): Promise<DataDirectory> {
  if (options.memory) {
    const path = await mkdtemp(join(tmpdir(), "whatsapp-microservice-"));
    return { path, release: () => rm(path, { recursive: true, force: true }) };
  }
  const path = resolve(options.data);
  await mkdir(path, { recursive: true });
  const lock = join(path, "pid");
  await refuseIfHeld(lock, options.data);
  await writeFile(lock, String(process.pid));
  return { path, release: () => rm(lock, { force: true }) };
}

async function refuseIfHeld(lock: string, name: string): Promise<void> {
  const holder = Number(await readFile(lock, "utf8").catch(() => "0"));
  if (holder === 0 || !isAlive(holder)) return;
  throw new AlreadyRunning(
    `It runs already on ${name} (process ${holder}). Stop that one first, or give this one a place and a port of its own: PORT=0 npm start -- --data .data2`,
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
