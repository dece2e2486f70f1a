import { randomUUID } from "node:crypto";
import type { Device } from "../account/account.ts";
import { accountJid, deviceJid } from "../account/address.ts";
import type { Store } from "../store/store.ts";
import { node } from "../wire/node.ts";
import { deliver } from "./deliver.ts";

/**
 * Tells everybody who keeps a list of the account's devices that it changed, under both of the
 * device's names: clients would otherwise leave the device out for as long as they keep the list.
 */
export function announceDevice(store: Store, device: Device, change: "add" | "remove"): void {
  const { account, link } = device;
  const keyIndex = link ? String(link.keyIndex) : undefined;
  const names = (["pn", "lid"] as const).map((addressing) =>
    node("device", { jid: deviceJid(device, addressing), "key-index": keyIndex }),
  );
  const t = String(Math.floor(Date.now() / 1000));
  const from = accountJid(account, "pn");
  for (const watcher of new Set([account, ...account.watchers])) {
    for (const other of watcher.devices.values()) {
      if (other === device || other.id === 0) continue;
      const attrs = { from, type: "devices", id: randomUUID(), t };
      deliver(store, other, node("notification", attrs, [node(change, {}, names)]));
    }
  }
}
