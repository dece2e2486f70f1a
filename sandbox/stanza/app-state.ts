import { randomUUID } from "node:crypto";
import { serverJid } from "../account/address.ts";
import { bytes } from "../store/store.ts";
import { type BinaryNode, bytesOf, child, children, node } from "../wire/node.ts";
import { deliver } from "./deliver.ts";
import type { Answer, Query } from "./iq.ts";

/** How many patches one answer carries; the client asks again for the rest. */
const patchesPerAnswer = 100;

/**
 * `xmlns=w:sync:app:state`: settings that an account's devices share, as a log of encrypted
 * patches per collection. The server cannot read them; it orders and repeats them.
 */
export function answerAppState(query: Query): Answer {
  const collections = children(child(query.iq, "sync"), "collection");
  return [
    node(
      "sync",
      {},
      collections.map((collection) => sync(query, collection)),
    ),
  ];
}

function sync(query: Query, collection: BinaryNode): BinaryNode {
  const { name = "", version: known = "0" } = collection.attrs;
  const { store } = query.network;
  const { phone } = query.device.account;
  const current = Number(
    store.get(
      "SELECT max(version) AS version FROM app_state_patch WHERE phone = ? AND collection = ?",
      phone,
      name,
    )?.["version"] ?? 0,
  );
  const patch = bytesOf(child(collection, "patch"));
  if (patch) {
    if (Number(known) !== current) return conflict(name, current);
    store.run(
      "INSERT INTO app_state_patch (phone, collection, version, encoded_patch) VALUES (?, ?, ?, ?)",
      phone,
      name,
      current + 1,
      patch,
    );
    tellOtherDevices(query, name);
    return node("collection", { name, version: String(current + 1) });
  }
  const rows = store.all(
    `SELECT encoded_patch FROM app_state_patch
      WHERE phone = ? AND collection = ? AND version > ? ORDER BY version LIMIT ?`,
    phone,
    name,
    Number(known),
    patchesPerAnswer,
  );
  const patches = rows.map((row) => node("patch", {}, bytes(row["encoded_patch"])));
  const more = Number(known) + rows.length < current;
  // A patch without its own version gets `version + 1`: say where this answer starts.
  return node("collection", { name, version: known, has_more_patches: more ? "true" : undefined }, [
    node("patches", {}, patches),
  ]);
}

function conflict(name: string, version: number): BinaryNode {
  const error = node("error", { code: "409", text: "conflict" });
  return node("collection", { name, version: String(version), type: "error" }, [error]);
}

function tellOtherDevices({ network, device }: Query, name: string): void {
  for (const other of device.account.devices.values()) {
    if (other === device || other.id === 0) continue;
    const attrs = { from: serverJid, type: "server_sync", id: randomUUID() };
    deliver(network.store, other, node("notification", attrs, [node("collection", { name })]));
  }
}
