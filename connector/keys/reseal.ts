import type { StaleAuth, StaleAuthRow } from "../../shared/database.ts";
import type { Database } from "../database/database.ts";
import { ciphertextPrefix, type MasterKeys, SessionCipher } from "./cipher.ts";

const kinds = ["credentials", "keys"] as const;
/** Of one step; well below the database's statement timeout. */
const rowsPerStep = 500;

export interface Resealed {
  seen: number;
  resealed: number;
  /** Changed by their connector between the two calls of a step. */
  changed: number;
  /** Sessions with values under neither key. */
  unreadable: Set<string>;
}

/**
 * Encrypts under the current key every value that is not, in bounded steps. Connectors go on
 * meanwhile: a value that one of them changes is left to the next pass.
 */
export async function resealAll(
  database: Database,
  keys: MasterKeys,
  report: (progress: Resealed) => void,
): Promise<Resealed> {
  const progress: Resealed = { seen: 0, resealed: 0, changed: 0, unreadable: new Set() };
  const prefix = ciphertextPrefix(keys.current).toString("hex");
  for (const kind of kinds) {
    let after: StaleAuth["last"] = null;
    do {
      const page: StaleAuth = await database.call("stale_auth", {
        kind,
        current_prefix: prefix,
        after,
        max_rows: rowsPerStep,
      });
      const rows = page.rows.flatMap((row) => resealed(row, keys, progress));
      const replaced =
        rows.length === 0 ? 0 : await database.call("reseal_auth", { sealed: { kind, rows } });
      progress.seen += page.seen;
      progress.resealed += replaced;
      progress.changed += rows.length - replaced;
      report(progress);
      after = page.last;
    } while (after !== null);
  }
  return progress;
}

function resealed(
  row: StaleAuthRow,
  keys: MasterKeys,
  { unreadable }: Resealed,
): (StaleAuthRow & { sealed: string })[] {
  const cipher = new SessionCipher(keys, row.uid);
  try {
    return [{ ...row, sealed: cipher.encrypt(row, cipher.decrypt(row, row.ciphertext)) }];
  } catch {
    unreadable.add(row.uid);
    return [];
  }
}
