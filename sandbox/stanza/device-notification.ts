import { randomUUID } from "node:crypto";
import type { Device } from "../account/account.ts";
import { accountJid, deviceJid } from "../account/address.ts";
import type { Store } from "../store/store.ts";
import { node } from "../wire/node.ts";
import { deliver } from "./deliver.ts";

/**
 * Sends `<notification type=devices>` to every account that caches this account's device list.
 * Without it, clients would keep sending to the old list. The device is named by both its jids.
 */
export function notifyDeviceChange(store: Store, device: Device, change: "add" | "remove"): void {
  const { account, link } = device;
  const keyIndex = link ? String(link.keyIndex) : undefined;
  const deviceNodes = (["pn", "lid"] as const).map((addressing) =>
    node("device", { jid: deviceJid(device, addressing), "key-index": keyIndex }),
  );
  const t = String(Math.floor(Date.now() / 1000));
  const from = accountJid(account, "pn");
  for (const subscriber of new Set([account, ...account.deviceListSubscribers])) {
    for (const other of subscriber.devices.values()) {
      if (other === device || other.id === 0) continue;
      const attrs = { from, type: "devices", id: randomUUID(), t };
      deliver(store, other, node("notification", attrs, [node(change, {}, deviceNodes)]));
    }
  }
}
