import { confirmDelivery } from "../stanza/deliver.ts";
import { type BinaryNode, node } from "../wire/node.ts";
import { handleMessage } from "./handle-message.ts";
import { handleReceipt } from "./handle-receipt.ts";
import type { Phone } from "./phone.ts";

/** Processes a stanza and removes it from the phone's undelivered stanzas. Never throws. */
export async function handleStanza(phone: Phone, stanza: BinaryNode): Promise<void> {
  try {
    // A message is confirmed by the receipt that the phone sends for it.
    if (stanza.tag === "message" && (await handleMessage(phone, stanza))) return;
    if (stanza.tag === "receipt") await handleReceipt(phone, stanza);
  } catch (error) {
    phone.network.log.error({ err: error, tag: stanza.tag }, "phone failed to handle a stanza");
  }
  const { id = "", type, from } = stanza.attrs;
  const ack = node("ack", { id, type, to: from });
  confirmDelivery(phone.network.store, phone.device, { tag: stanza.tag, response: ack });
}
