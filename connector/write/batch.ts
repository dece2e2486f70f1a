import type { Item, KeyRow, Write } from "./write.ts";

/** The argument of commit_writes. */
export interface Batch {
  sessions: { uid: string; epoch: number }[];
  credentials: { uid: string; ciphertext: string }[];
  keys: (KeyRow & { uid: string })[];
  /** Sessions whose credentials and keys are deleted before anything of this batch is written. */
  clear_auth: string[];
  items: (Item & { uid: string })[];
}

/**
 * Joins writes in their order. Of a row that is written twice only the last version is kept,
 * because one statement cannot touch a row twice. The database deletes before it writes, so what a
 * session wrote before its deletion is left out here.
 */
export function joinWrites(writes: readonly Write[]): Batch {
  const epochs = new Map<string, number>();
  const credentials = new Map<string, string>();
  const keys = new Map<string, Map<string, KeyRow>>();
  const cleared = new Set<string>();
  const items: Batch["items"] = [];

  for (const write of writes) {
    const { uid } = write;
    epochs.set(uid, write.epoch);
    if (write.clearAuth === true) {
      cleared.add(uid);
      credentials.delete(uid);
      keys.delete(uid);
    }
    if (write.credentials !== undefined) credentials.set(uid, write.credentials);
    if (write.keys !== undefined) {
      const rows = keys.get(uid) ?? new Map<string, KeyRow>();
      for (const row of write.keys) rows.set(`${row.type}|${row.id}`, row);
      keys.set(uid, rows);
    }
    for (const item of write.items ?? []) items.push({ ...item, uid });
  }

  return {
    sessions: Array.from(epochs, ([uid, epoch]) => ({ uid, epoch })),
    credentials: Array.from(credentials, ([uid, ciphertext]) => ({ uid, ciphertext })),
    keys: Array.from(keys).flatMap(([uid, rows]) =>
      Array.from(rows.values(), (row) => ({ ...row, uid })),
    ),
    clear_auth: [...cleared],
    items,
  };
}
