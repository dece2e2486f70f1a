import { generateServerKeys, type ServerKeys } from "../wire/certificate.ts";
import { pack, type Store, unpack } from "./store.ts";

/** The network's keys, made at the first start and kept, so that clients may pin the root. */
export function loadServerKeys(store: Store): ServerKeys {
  const row = store.get("SELECT value FROM setting WHERE name = 'server-keys'");
  if (row) return unpack<ServerKeys>(row["value"]);
  const keys = generateServerKeys();
  store.run("INSERT INTO setting (name, value) VALUES ('server-keys', ?)", pack(keys));
  return keys;
}
