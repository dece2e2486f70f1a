import { chmod, mkdir, mkdtemp, open, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CannotStart } from "./cannot-start.ts";

const lockFile = "lock";
const chooseAnother = "Choose another: npm start -- --data DIR";

export interface DataDirectory {
  path: string;
  /** Unlocks the directory; a temporary one is deleted. */
  release(): Promise<void>;
}

/**
 * Locks the data directory for this process, or creates a temporary one when `memory` is set. Only
 * its owner may enter it: the keys and the database of every tenant are in it.
 * @throws CannotStart while another process holds the lock, and if the directory cannot be used.
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
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await checkContents(path);
    await chmod(path, 0o700);
    // Opening a file shows whether the directory can be written.
    await (await open(join(path, lockFile), "a", 0o600)).close();
  } catch (error) {
    throw error instanceof CannotStart ? error : unusable(path, error);
  }
  const lock = acquireLock(path);
  return { path, release: async () => lock.close() };
}

/** Whether a process holds the lock on this data directory: the product runs on it. */
export async function isLocked(data: string): Promise<boolean> {
  const path = resolve(data);
  const exists = await stat(join(path, lockFile)).then(
    () => true,
    () => false,
  );
  if (!exists) return false;
  try {
    acquireLock(path).close();
    return false;
  } catch {
    return true;
  }
}

/** Refuses a directory that something else uses: its mode must not be changed. */
async function checkContents(path: string): Promise<void> {
  const entries = await readdir(path);
  if (entries.length === 0 || entries.includes(lockFile)) return;
  throw new CannotStart(`The data directory ${path} contains other files. ${chooseAnother}`);
}

function unusable(path: string, cause: unknown): CannotStart {
  // Node's message has the code, the reason, the system call and the path.
  const reason = /^\w+: (.*?),/.exec(cause instanceof Error ? cause.message : "")?.[1];
  return new CannotStart(
    `The data directory ${path} cannot be used: ${reason ?? String(cause)}. ${chooseAnother}`,
    { cause },
  );
}

/** Locks a SQLite file in the directory: the system releases the lock when this process ends. */
function acquireLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(join(path, lockFile));
  try {
    lock.exec("begin exclusive");
    return lock;
  } catch (cause) {
    lock.close();
    throw new CannotStart(
      `It is already running on ${path}. Stop it first, or give this one a data directory and ports of its own: PORT=0 npm start -- --data .data2`,
      { cause },
    );
  }
}
