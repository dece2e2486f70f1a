import { extractE2ESessionFromRetryReceipt } from "@whiskeysockets/baileys";
import { parseAddress } from "../account/address.ts";
import { receiptItemIds } from "../stanza/route-receipt.ts";
import { advanceSent, markRead, messageBy } from "../store/messages.ts";
import { type BinaryNode, child } from "../wire/node.ts";
import type { Phone } from "./phone.ts";
import { resend } from "./send.ts";
import { uploadAgain } from "./upload-again.ts";

/** The phone stops resending a message after this many retry receipts. */
const maxResends = 5;

/**
 * Handles a receipt: updates the status of a sent message, resends a message after a retry
 * receipt, uploads a file again, or marks a message as read that another device of this account has
 * read.
 */
export async function handleReceipt(phone: Phone, receipt: BinaryNode): Promise<void> {
  const { id = "", type, from, recipient } = receipt.attrs;
  const { store, accounts } = phone.network;
  if (type === "retry") {
    await handleRetryReceipt(phone, receipt);
    return;
  }
  if (type === "server-error") {
    // Not a step of the phone: it reads files.
    uploadAgain(phone, receipt).catch((error: unknown) => {
      phone.network.log.error({ err: error }, "phone failed to upload a file again");
    });
    return;
  }
  const ids = [id, ...receiptItemIds(receipt)];
  if (accounts.accountAt(parseAddress(from)) === phone.account) {
    // Another device of this account has read messages from `recipient`.
    const author = accounts.accountAt(parseAddress(recipient));
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

async function handleRetryReceipt(phone: Phone, receipt: BinaryNode): Promise<void> {
  const { id = "", from } = receipt.attrs;
  const count = Number(child(receipt, "retry")?.attrs["count"] ?? 1);
  const device = phone.network.accounts.deviceAt(parseAddress(from));
  const message = messageBy(phone.network.store, phone.account.phone, {
    id,
    from: phone.account.phone,
  });
  if (!device || !message || count > maxResends) return;
  const session = extractE2ESessionFromRetryReceipt(receipt) ?? undefined;
  await resend(phone, { message, device, count, session });
}
