import type { Device } from "../account/account.ts";
import { deviceJid, parseAddress } from "../account/address.ts";
import type { Network } from "../network.ts";
import { type BinaryNode, children, node } from "../wire/node.ts";
import { deliver, settle } from "./deliver.ts";

/** Receipts that are between a device and the server, or its own phone: nobody else sees them. */
const privateTypes = new Set(["sender", "peer_msg", "hist_sync"]);

/** Takes a receipt from a device: settles the messages it is about and tells whoever sent them. */
export function routeReceipt(network: Network, reader: Device, receipt: BinaryNode): void {
  const { id, to, type } = receipt.attrs;
  for (const messageId of [id, ...listedIds(receipt)]) {
    settle(network.store, reader, "message", node("receipt", { id: messageId }));
  }
  const target = parseAddress(to);
  const author = network.directory.account(target);
  if (!target || !author || privateTypes.has(type ?? "")) return;
  const from = deviceJid(reader, target.addressing);
  const t = receipt.attrs["t"] ?? String(Math.floor(Date.now() / 1000));
  // To the sender, a message is delivered whether or not somebody looks at the screen.
  const forwardedType = type === "inactive" ? undefined : type;
  const forwarded = node("receipt", { id, from, t, type: forwardedType }, contentOf(receipt));
  if (type === "retry") {
    const device = author.devices.get(target.device);
    if (device) deliver(network.store, device, forwarded);
    return;
  }
  const isOwn = author === reader.account;
  for (const device of author.devices.values()) {
    if (device !== reader && !isOwn) deliver(network.store, device, forwarded);
  }
  if (type === "read" && !isOwn) {
    const echo = node("receipt", { id, from, t, type, recipient: to }, contentOf(receipt));
    for (const device of reader.account.devices.values()) {
      if (device !== reader) deliver(network.store, device, echo);
    }
  }
}

function contentOf(receipt: BinaryNode): BinaryNode[] | undefined {
  return Array.isArray(receipt.content) ? receipt.content : undefined;
}

/** A receipt may be about several messages: its own id, and a list of more. */
export function listedIds(receipt: BinaryNode): string[] {
  const list = children(receipt, "list");
  return list.flatMap((entry) => children(entry, "item").map((item) => item.attrs["id"] ?? ""));
}
