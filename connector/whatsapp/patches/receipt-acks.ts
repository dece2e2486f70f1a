// Baileys acknowledges a receipt as soon as it comes; here it does so after the receipt is stored.
import type { ReceiptItem } from "../../write/write.ts";
import type { Identity } from "../identity.ts";
import { readReceipt } from "../receipt-stanza.ts";
import { type StanzaEmitter, takeOverListeners } from "./take-over.ts";

/**
 * WhatsApp delivers a receipt again until it is acknowledged, so a receipt that could not be
 * stored, or was lost in a crash, comes back.
 */
export function acknowledgeStoredReceipts(
  stanzas: StanzaEmitter,
  { me, store }: { me: () => Identity; store: (receipts: ReceiptItem[]) => Promise<unknown> },
): void {
  takeOverListeners(stanzas, "CB:receipt", (node, passOn) => {
    const receipts = readReceipt(node, me());
    const stored = receipts.length === 0 ? Promise.resolve() : store(receipts);
    void stored.then(() => passOn()).catch(() => undefined); // Not stored: no ack.
  });
}
