import { randomUUID } from "node:crypto";
import { serverJid } from "../account/address.ts";
import { bytes } from "../store/store.ts";
import { type BinaryNode, bytesOf, child, children, node } from "../wire/node.ts";
import { deliver } from "./deliver.ts";
import type { IqContent, IqRequest } from "./iq.ts";

/** Patches per result; the client requests the rest with another IQ. */
const patchesPerResult = 100;

/**
 * `xmlns=w:sync:app:state`: settings shared by an account's devices, as a log of encrypted patches
 * per collection. The server cannot decrypt them; it orders and distributes them.
 */
export function handleAppStateIq(request: IqRequest): IqContent {
  const collections = children(child(request.iq, "sync"), "collection");
  return [
    node(
      "sync",
      {},
      collections.map((collection) => sync(request, collection)),
    ),
  ];
}

function sync(request: IqRequest, collection: BinaryNode): BinaryNode {
  const { name = "", version: known = "0" } = collection.attrs;
  const { store } = request.network;
  const { phone } = request.device.account;
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
    notifyOtherDevices(request, name);
    return node("collection", { name, version: String(current + 1) });
  }
  const rows = store.all(
    `SELECT encoded_patch FROM app_state_patch
      WHERE phone = ? AND collection = ? AND version > ? ORDER BY version LIMIT ?`,
    phone,
    name,
    Number(known),
    patchesPerResult,
  );
  const patches = rows.map((row) => node("patch", {}, bytes(row["encoded_patch"])));
  const more = Number(known) + rows.length < current;
  // Clients number the patches from `version + 1`, so the result repeats the requested version.
  return node("collection", { name, version: known, has_more_patches: more ? "true" : undefined }, [
    node("patches", {}, patches),
  ]);
}

function conflict(name: string, version: number): BinaryNode {
  const error = node("error", { code: "409", text: "conflict" });
  return node("collection", { name, version: String(version), type: "error" }, [error]);
}

function notifyOtherDevices({ network, device }: IqRequest, name: string): void {
  for (const other of device.account.devices.values()) {
    if (other === device || other.id === 0) continue;
    const attrs = { from: serverJid, type: "server_sync", id: randomUUID() };
    deliver(network.store, other, node("notification", attrs, [node("collection", { name })]));
  }
}
