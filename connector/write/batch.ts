import type { Item, KeyRow, Write } from "./write.ts";

/** The argument of commit_writes. */
export interface Batch {
  sessions: { uid: string; epoch: number }[];
  credentials: { uid: string; ciphertext: string }[];
  keys: (KeyRow & { uid: string })[];
  forget: string[];
  items: (Item & { uid: string })[];
}

/**
 * Joins writes in their order. A row that is written twice is kept once, as it was last: one
 * statement cannot touch a row twice. The database forgets before it writes, so what a session
 * wrote before it forgot is left out here.
 */
export function joinWrites(writes: readonly Write[]): Batch {
  const epochs = new Map<string, number>();
  const credentials = new Map<string, string>();
  const keys = new Map<string, Map<string, KeyRow>>();
  const forget = new Set<string>();
  const items: Batch["items"] = [];

  for (const write of writes) {
    const { uid } = write;
    epochs.set(uid, write.epoch);
    if (write.forget === true) {
      forget.add(uid);
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
    forget: [...forget],
    items,
  };
}
