import {
  type BinaryNode,
  getBinaryNodeChild,
  getBinaryNodeChildren,
} from "@whiskeysockets/baileys";
import type { ReceiptItem } from "../write/write.ts";
import { type Identity, identityOf, samePerson } from "./identity.ts";
import { timeOf } from "./message-stanza.ts";

/** The status changes in a receipt for messages that we sent; empty for other receipts. */
export function readReceipt({ attrs, ...node }: BinaryNode, me: Identity): ReceiptItem[] {
  const { id, from, type } = attrs;
  const status = statusOf(type);
  if (id === undefined || from === undefined || status === undefined) return [];
  // From another device of our own account, so not from the recipient.
  if (samePerson(identityOf(attrs["participant"] ?? from), me)) return [];
  const list = getBinaryNodeChild({ attrs, ...node }, "list");
  const more = getBinaryNodeChildren(list, "item").map((item) => item.attrs["id"]);
  const at = timeOf(attrs["t"]);
  return [id, ...more]
    .filter((waId) => waId !== undefined)
    .map((waId) => ({ kind: "receipt", wa_message_id: waId, status, at }));
}

function statusOf(type: string | undefined): ReceiptItem["status"] | undefined {
  switch (type) {
    case undefined:
    case "delivery":
    // Delivered to a linked device that is not in use.
    case "inactive":
      return "DELIVERED";
    case "read":
    case "played":
      return "READ";
    default:
      return undefined;
  }
}
