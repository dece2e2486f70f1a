import { generateServerKeys, type ServerKeys } from "../wire/certificate.ts";
import { pack, type Store, unpack } from "./store.ts";

/** The server's keys: generated at the first start and stored, so that clients can pin the root. */
export function loadServerKeys(store: Store): ServerKeys {
  const row = store.get("SELECT value FROM setting WHERE name = 'server-keys'");
  if (row) return unpack<ServerKeys>(row["value"]);
  const keys = generateServerKeys();
  store.run("INSERT INTO setting (name, value) VALUES ('server-keys', ?)", pack(keys));
  return keys;
}
