import { type Device, phoneDevice } from "../account/account.ts";
import { deviceJid, parseAddress } from "../account/address.ts";
import type { Network } from "../network.ts";
import { type BinaryNode, children, node } from "../wire/node.ts";
import { accountAddressing } from "./account-addressing.ts";
import { confirmDelivery, deliver } from "./deliver.ts";

/** Receipts between a device and the server or its own phone. They are never forwarded. */
const privateTypes = new Set(["sender", "peer_msg", "hist_sync"]);

/** Routes a receipt: confirms the messages it lists and forwards it to the author's devices. */
export function routeReceipt(network: Network, reader: Device, receipt: BinaryNode): void {
  const { id, to, type } = receipt.attrs;
  for (const messageId of [id, ...receiptItemIds(receipt)]) {
    const response = node("receipt", { id: messageId });
    confirmDelivery(network.store, reader, { tag: "message", response });
  }
  const target = parseAddress(to);
  const author = network.accounts.accountAt(target);
  if (!target || !author || privateTypes.has(type ?? "")) return;
  const from = deviceJid(reader, accountAddressing(network, author) ?? target.addressing);
  const t = receipt.attrs["t"] ?? String(Math.floor(Date.now() / 1000));
  // "inactive" means delivered while the recipient's app is in the background: same for the author.
  const forwardedType = type === "inactive" ? undefined : type;
  const forwarded = node("receipt", { id, from, t, type: forwardedType }, contentOf(receipt));
  if (type === "retry") {
    const device = author.devices.get(target.device);
    if (device) deliver(network.store, device, forwarded);
    return;
  }
  const isOwn = author === reader.account;
  if (type === "server-error") {
    // A request to the own phone: upload the file of this message again.
    if (isOwn) deliver(network.store, phoneDevice(author), forwarded);
    return;
  }
  for (const device of author.devices.values()) {
    if (device !== reader && !isOwn) deliver(network.store, device, forwarded);
  }
  if (type === "read" && !isOwn) {
    const ownFrom = deviceJid(reader, target.addressing);
    const attrs = { id, from: ownFrom, t, type, recipient: to };
    const copy = node("receipt", attrs, contentOf(receipt));
    for (const device of reader.account.devices.values()) {
      if (device !== reader) deliver(network.store, device, copy);
    }
  }
}

function contentOf(receipt: BinaryNode): BinaryNode[] | undefined {
  return Array.isArray(receipt.content) ? receipt.content : undefined;
}

/** The message ids in a receipt's `<list>`, which come in addition to its own id. */
export function receiptItemIds(receipt: BinaryNode): string[] {
  const list = children(receipt, "list");
  return list.flatMap((entry) => children(entry, "item").map((item) => item.attrs["id"] ?? ""));
}
