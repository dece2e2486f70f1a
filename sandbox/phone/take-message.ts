import type { proto } from "@whiskeysockets/baileys";
import { accountJid, deviceJid, parseAddress } from "../account/address.ts";
import { routeReceipt } from "../stanza/receipt.ts";
import { addMessage, type PhoneMessage } from "../store/messages.ts";
import { type BinaryNode, bytesOf, child, node } from "../wire/node.ts";
import { askAgain } from "./ask-again.ts";
import { encodeMessage, readContent } from "./content.ts";
import type { Phone } from "./phone.ts";
import { readMessages } from "./read.ts";
import { isAutomatic, sendText } from "./send.ts";

/**
 * A message arrives: open it, keep it, tell the sender, and do what the phone does by itself.
 * False when it is nothing that a phone answers.
 */
export async function takeMessage(phone: Phone, stanza: BinaryNode): Promise<boolean> {
  const { directory } = phone.network;
  const sender = directory.device(parseAddress(stanza.attrs["from"]));
  const enc = child(stanza, "enc");
  const ciphertext = bytesOf(enc);
  // A device that is gone, or a kind of message that phones do not read.
  if (!sender || !enc || !ciphertext) return false;
  const type = enc.attrs["type"] === "pkmsg" ? "pkmsg" : "msg";
  let message: proto.Message;
  try {
    message = await phone.engine.decrypt(deviceJid(sender, "lid"), type, ciphertext);
  } catch (error) {
    phone.network.log.warn({ err: error, device: sender.id }, "phone could not decrypt");
    return askAgain(phone, stanza);
  }
  phone.retries.delete(stanza.attrs["id"] ?? "");
  const own = sender.account === phone.account;
  const kept = keep(phone, { stanza, message, own, fromDevice: sender.id });
  acknowledge(phone, stanza, own);
  if (!kept || own) return true;
  const { autoRead, autoReply } = phone.account.behaviour;
  if (autoRead) readMessages(phone, [kept]);
  if (autoReply !== null && !isAutomatic(kept.id)) {
    await sendText(phone, { to: sender.account, text: autoReply, automatic: true });
  }
  return true;
}

interface Arrival {
  stanza: BinaryNode;
  message: proto.Message;
  own: boolean;
  fromDevice: number;
}

function keep(phone: Phone, arrival: Arrival): PhoneMessage | undefined {
  const { stanza, own, fromDevice } = arrival;
  const { from = "", recipient, id = "", t } = stanza.attrs;
  const { directory, store } = phone.network;
  const message = arrival.message.deviceSentMessage?.message ?? arrival.message;
  const content = readContent(message);
  if (!content) return undefined;
  const chat = own ? (recipient ?? from) : from;
  const partner = directory.account(parseAddress(chat));
  const partnerNumber = partner?.phone ?? parseAddress(chat)?.user ?? "";
  const kept = addMessage(store, phone.account.phone, {
    id,
    direction: own ? "out" : "in",
    from: own ? phone.account.phone : partnerNumber,
    to: own ? partnerNumber : phone.account.phone,
    peerJid: own && partner ? accountJid(partner, "pn") : from,
    ...content,
    timestamp: Number(t ?? 0),
    status: own ? "sent" : "received",
    fromMeDevice: own ? fromDevice : null,
    encodedMessage: encodeMessage(message),
  });
  if (kept) phone.emit({ type: "message", message: kept });
  return kept;
}

function acknowledge(phone: Phone, stanza: BinaryNode, own: boolean): void {
  const { id, from, recipient, category } = stanza.attrs;
  const ownType = category === "peer" ? "peer_msg" : "sender";
  const attrs = { id, to: from, type: own ? ownType : undefined, recipient };
  routeReceipt(phone.network, phone.device, node("receipt", attrs));
}
