import type { proto } from "@whiskeysockets/baileys";
import { accountJid, deviceJid, parseAddress } from "../account/address.ts";
import { routeReceipt } from "../stanza/route-receipt.ts";
import { addMessage, type PhoneMessage } from "../store/messages.ts";
import { type BinaryNode, bytesOf, child, node } from "../wire/node.ts";
import { encodeMessage, readContent } from "./content.ts";
import type { Phone } from "./phone.ts";
import { readMessages } from "./read-messages.ts";
import { sendRetryReceipt } from "./retry-receipt.ts";
import { isAutoReply, sendText } from "./send.ts";

/**
 * Handles a message: decrypts and stores it, sends the receipt, and then reads or replies if the
 * phone's behaviour says so. Returns whether a receipt was sent; without one the caller must
 * confirm the delivery itself.
 */
export async function handleMessage(phone: Phone, stanza: BinaryNode): Promise<boolean> {
  const { accounts } = phone.network;
  const sender = accounts.deviceAt(parseAddress(stanza.attrs["from"]));
  const enc = child(stanza, "enc");
  const ciphertext = bytesOf(enc);
  // The sender was unlinked, or this kind of message has no single ciphertext.
  if (!sender || !enc || !ciphertext) return false;
  const type = enc.attrs["type"] === "pkmsg" ? "pkmsg" : "msg";
  let message: proto.Message;
  try {
    message = await phone.engine.decrypt(deviceJid(sender, "lid"), type, ciphertext);
  } catch (error) {
    phone.network.log.warn({ err: error, device: sender.id }, "phone could not decrypt");
    return sendRetryReceipt(phone, stanza);
  }
  phone.retryCounts.delete(stanza.attrs["id"] ?? "");
  const own = sender.account === phone.account;
  const stored = storeMessage(phone, { stanza, message, own, fromDevice: sender.id });
  sendDeliveryReceipt(phone, stanza, own);
  if (!stored || own) return true;
  const { autoRead, autoReply } = phone.account.behaviour;
  if (autoRead) readMessages(phone, [stored]);
  if (autoReply !== null && !isAutoReply(stored.id)) {
    await sendText(phone, { to: sender.account, text: autoReply, isAutoReply: true });
  }
  return true;
}

interface DecryptedMessage {
  stanza: BinaryNode;
  message: proto.Message;
  /** Sent by another device of this account. */
  own: boolean;
  fromDevice: number;
}

function storeMessage(phone: Phone, decrypted: DecryptedMessage): PhoneMessage | undefined {
  const { stanza, own, fromDevice } = decrypted;
  const { from = "", recipient, id = "", t } = stanza.attrs;
  const { accounts, store } = phone.network;
  const message = decrypted.message.deviceSentMessage?.message ?? decrypted.message;
  const content = readContent(message);
  if (!content) return undefined;
  const chat = own ? (recipient ?? from) : from;
  const partner = accounts.accountAt(parseAddress(chat));
  const partnerNumber = partner?.phone ?? parseAddress(chat)?.user ?? "";
  const stored = addMessage(store, phone.account.phone, {
    id,
    direction: own ? "out" : "in",
    from: own ? phone.account.phone : partnerNumber,
    to: own ? partnerNumber : phone.account.phone,
    peerJid: own && partner ? accountJid(partner, "pn") : from,
    ...content,
    timestamp: Number(t ?? 0),
    status: own ? "sent" : "received",
    fromMeDevice: own ? fromDevice : null,
    notified: own ? null : !hasAvailableDevice(phone),
    encodedMessage: encodeMessage(message),
  });
  if (stored) phone.emit({ type: "message", message: stored });
  return stored;
}

/** WhatsApp shows no notification on the phone while a linked device is available. */
function hasAvailableDevice({ account }: Phone): boolean {
  return [...account.devices.values()].some(({ available }) => available);
}

function sendDeliveryReceipt(phone: Phone, stanza: BinaryNode, own: boolean): void {
  const { id, from, recipient, category } = stanza.attrs;
  const ownType = category === "peer" ? "peer_msg" : "sender";
  const attrs = { id, to: from, type: own ? ownType : undefined, recipient };
  routeReceipt(phone.network, phone.device, node("receipt", attrs));
}
