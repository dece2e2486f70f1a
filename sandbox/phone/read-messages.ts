import { routeReceipt } from "../stanza/route-receipt.ts";
import { markRead, type PhoneMessage } from "../store/messages.ts";
import { node } from "../wire/node.ts";
import type { Phone } from "./phone.ts";

/**
 * Sends read receipts, one per sending device, and marks the messages as read. Returns how many
 * were unread before.
 */
export function readMessages(phone: Phone, messages: readonly PhoneMessage[]): number {
  const bySender = Map.groupBy(messages, ({ peerJid }) => peerJid);
  const t = String(Math.floor(Date.now() / 1000));
  for (const [to, group] of bySender) {
    const [first, ...others] = group.map(({ id }) => id);
    const items = others.map((id) => node("item", { id }));
    const list = items.length > 0 ? [node("list", {}, items)] : undefined;
    const receipt = node("receipt", { id: first, to, type: "read", t }, list);
    routeReceipt(phone.network, phone.device, receipt);
  }
  const { store } = phone.network;
  const read = messages.filter((message) => markRead(store, phone.account.phone, message));
  return read.length;
}
