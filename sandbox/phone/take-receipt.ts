import { extractE2ESessionFromRetryReceipt } from "@whiskeysockets/baileys";
import { parseAddress } from "../account/address.ts";
import { listedIds } from "../stanza/receipt.ts";
import { advanceSent, markRead, sentMessage } from "../store/messages.ts";
import { type BinaryNode, child } from "../wire/node.ts";
import type { Phone } from "./phone.ts";
import { resend } from "./send.ts";

/** After so many failures the other side is beyond help. */
const maxResends = 5;

/** A receipt arrives: a message of this number went further, or somebody could not open it. */
export async function takeReceipt(phone: Phone, receipt: BinaryNode): Promise<void> {
  const { id = "", type, from, recipient } = receipt.attrs;
  const { store, directory } = phone.network;
  if (type === "retry") {
    await answerRetry(phone, receipt);
    return;
  }
  const ids = [id, ...listedIds(receipt)];
  if (directory.account(parseAddress(from)) === phone.account) {
    // Another device of this number has read what came from `recipient`.
    const author = directory.account(parseAddress(recipient));
    for (const read of ids) {
      if (author) markRead(store, phone.account.phone, { id: read, from: author.phone });
    }
    return;
  }
  const status = type === undefined ? "delivered" : "read";
  for (const sent of ids) {
    if (advanceSent(store, phone.account.phone, { id: sent, status })) {
      phone.emit({ type: "status", id: sent, status });
    }
  }
}

async function answerRetry(phone: Phone, receipt: BinaryNode): Promise<void> {
  const { id = "", from } = receipt.attrs;
  const count = Number(child(receipt, "retry")?.attrs["count"] ?? 1);
  const device = phone.network.directory.device(parseAddress(from));
  const message = sentMessage(phone.network.store, phone.account.phone, id);
  if (!device || !message || count > maxResends) return;
  const session = extractE2ESessionFromRetryReceipt(receipt) ?? undefined;
  await resend(phone, { message, device, count, session });
}
