import { generateServerKeys, type ServerKeys } from "../wire/certificate.ts";
import { pack, type Store, unpack } from "./store.ts";

/** The server's keys: generated at the first start and stored, so that clients can pin the root. */
export function loadServerKeys(store: Store): ServerKeys {
  const stored = loadSetting<ServerKeys>(store, "server-keys");
  if (stored) return stored;
  const keys = generateServerKeys();
  saveSetting(store, "server-keys", keys);
  return keys;
}

/** A setting, or undefined. The caller guarantees that it was saved as a `T`. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller's guarantee is the point
export function loadSetting<T>(store: Store, name: string): T | undefined {
  const row = store.get("SELECT value FROM setting WHERE name = ?", name);
  return row && unpack<T>(row["value"]);
}

export function saveSetting(store: Store, name: string, value: unknown): void {
  store.run("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", name, pack(value));
}
