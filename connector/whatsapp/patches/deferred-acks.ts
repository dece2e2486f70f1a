import type { BinaryNode, WASocket } from "@whiskeysockets/baileys";
import type { ReceiptItem } from "../../write/write.ts";
import type { Identity } from "../identity.ts";
import { KeyedLock } from "../keyed-lock.ts";
import { readReceipt } from "../receipt-stanza.ts";

type Stanzas = WASocket["ws"];

/**
 * Baileys acknowledges a receipt as it comes; a crash right after would lose it. What is not
 * stored is not acknowledged, so WhatsApp tells it again.
 */
export function deferReceiptAcks(
  stanzas: Stanzas,
  { me, store }: { me: () => Identity; store: (receipts: ReceiptItem[]) => Promise<unknown> },
): void {
  takeOver(stanzas, "CB:receipt", (node, passOn) => {
    const receipts = readReceipt(node, me());
    const stored = receipts.length === 0 ? Promise.resolve() : store(receipts);
    void stored.then(passOn, () => undefined);
  });
}

/**
 * Baileys handles messages side by side, and the first of a new contact takes longer: the second
 * would overtake it.
 */
export function serializeChats(stanzas: Stanzas): void {
  const chats = new KeyedLock();
  takeOver(stanzas, "CB:message", (node, passOn) => {
    void chats.run(node.attrs["from"] ?? "", passOn).catch(() => undefined); // Baileys logs them.
  });
}

/** Decides when Baileys' own listeners hear of a stanza. */
function takeOver(
  stanzas: Stanzas,
  event: string,
  decide: (node: BinaryNode, passOn: () => Promise<unknown>) => void,
): void {
  const listeners = stanzas.listeners(event);
  stanzas.removeAllListeners(event);
  stanzas.on(event, (node: BinaryNode) =>
    decide(node, () =>
      Promise.all(listeners.map((listener) => Reflect.apply(listener, stanzas, [node]) as unknown)),
    ),
  );
}
