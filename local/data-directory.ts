import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";

export interface DataDirectory {
  path: string;
  /** Unlocks the directory; a temporary one is deleted. */
  release(): Promise<void>;
}

/** The data directory is locked by another running process. */
export class DataDirectoryInUse extends Error {}

/**
 * Locks the data directory for this process, or creates a temporary one when `memory` is set.
 * @throws DataDirectoryInUse, with what to do, while another running process holds the lock.
 */
export async function lockDataDirectory(options: {
  data: string;
  memory: boolean;
}): Promise<DataDirectory> {
  if (options.memory) {
    const path = await mkdtemp(join(tmpdir(), "whatsapp-microservice-"));
    return { path, release: () => rm(path, { recursive: true, force: true }) };
  }
  const path = resolve(options.data);
  await mkdir(path, { recursive: true });
  const lock = acquireLock(path, options.data);
  return { path, release: async () => lock.close() };
}

/** Locks a SQLite file in the directory: the system releases the lock when this process ends. */
function acquireLock(path: string, name: string): DatabaseSync {
  const lock = new DatabaseSync(join(path, "lock"));
  try {
    lock.exec("begin exclusive");
    return lock;
  } catch (cause) {
    lock.close();
    throw new DataDirectoryInUse(
      `Another instance is already running on ${name}. Stop it first, or give this one its own data directory and port: PORT=0 npm start -- --data .data2`,
      { cause },
    );
  }
}
