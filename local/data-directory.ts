import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";

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
  const lock = lockOf(path, options.data);
  return { path, release: async () => lock.close() };
}

/** SQLite's lock on a file of the directory: the system lets go of it when this process ends. */
function lockOf(path: string, name: string): DatabaseSync {
  const lock = new DatabaseSync(join(path, "lock"));
  try {
    lock.exec("begin exclusive");
    return lock;
  } catch (cause) {
    lock.close();
    throw new AlreadyRunning(
      `It runs already on ${name}. Stop that one first, or give this one a place and a port of its own: PORT=0 npm start -- --data .data2`,
      { cause },
    );
  }
}
