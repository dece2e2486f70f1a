import { randomBytes } from "node:crypto";
import { proto } from "@whiskeysockets/baileys";
import type { Account, Device } from "../account/account.ts";
import { accountJid, type Addressing, deviceJid } from "../account/address.ts";
import { takeKeyBundle } from "../account/pre-keys.ts";
import { routeMessage } from "../stanza/message.ts";
import { addMessage, type PhoneMessage } from "../store/messages.ts";
import { type BinaryNode, node } from "../wire/node.ts";
import { encodeMessage, readContent } from "./content.ts";
import { type EngineSession, sessionFrom } from "./engine.ts";
import type { Phone } from "./phone.ts";

/** Ids of automatic replies start with it, so that two answering phones do not answer for ever. */
const automaticPrefix = "3AA0";

export function isAutomatic(id: string): boolean {
  return id.startsWith(automaticPrefix);
}

function newMessageId(automatic: boolean): string {
  const random = randomBytes(8).toString("hex").toUpperCase();
  return `${automatic ? automaticPrefix : "3AB0"}${random}`;
}

export interface TextToSend {
  to: Account;
  text: string;
  /** How the recipient's devices see the sender: by number (default) or by LID. */
  addressing?: Addressing;
  automatic?: boolean;
}

/** Sends a text to every device of the recipient, and a copy to this number's other devices. */
export async function sendText(phone: Phone, outgoing: TextToSend): Promise<PhoneMessage> {
  const { to, text, addressing = "pn", automatic = false } = outgoing;
  const message: proto.IMessage = { conversation: text };
  const chat = accountJid(to, addressing);
  const id = newMessageId(automatic);
  const copy = { deviceSentMessage: { destinationJid: chat, message } };
  const participants: BinaryNode[] = [];
  for (const device of recipients(phone, to)) {
    const content = device.account === phone.account ? copy : message;
    const enc = await sealFor(phone, device, content);
    participants.push(node("to", { jid: deviceJid(device, addressing) }, [enc]));
  }
  const kept = addMessage(phone.network.store, phone.account.phone, {
    id,
    direction: "out",
    from: phone.account.phone,
    to: to.phone,
    peerJid: accountJid(to, "pn"),
    type: "text",
    ...readContent(message),
    text,
    timestamp: Math.floor(Date.now() / 1000),
    status: "sent",
    fromMeDevice: 0,
    encodedMessage: encodeMessage(message),
  });
  if (!kept) throw new Error("message id used twice");
  phone.emit({ type: "message", message: kept });
  const stanza = node("message", { id, to: chat, type: "text" }, [
    node("participants", {}, participants),
  ]);
  routeMessage(phone.network, phone.device, stanza, () => {});
  return kept;
}

function recipients(phone: Phone, to: Account): Device[] {
  const own = [...phone.account.devices.values()].filter((device) => device !== phone.device);
  return to === phone.account ? own : [...to.devices.values(), ...own];
}

/** A message for one device, over the session with it: started from the key server if there is none. */
export async function sealFor(
  phone: Phone,
  device: Device,
  message: proto.IMessage,
): Promise<BinaryNode> {
  const jid = deviceJid(device, "lid");
  if (!(await phone.engine.hasSession(jid))) {
    await phone.engine.startSession(jid, sessionFrom(takeKeyBundle(phone.network.store, device)));
    phone.network.phones.refillPreKeys(device);
  }
  const { type, ciphertext } = await phone.engine.encrypt(jid, message);
  return node("enc", { v: "2", type }, ciphertext);
}

export interface Resend {
  message: PhoneMessage;
  device: Device;
  count: number;
  session: EngineSession | undefined;
}

/**
 * Sends a message once more to the one device that could not open it, over a fresh session. The old
 * one still opens what is on its way, as on a real phone: otherwise each side would ask the other
 * to send again, until both give up.
 */
export async function resend(phone: Phone, { message, device, count, session }: Resend) {
  const jid = deviceJid(device, "lid");
  const { store } = phone.network;
  await phone.engine.startSession(jid, session ?? sessionFrom(takeKeyBundle(store, device)));
  const content = proto.Message.decode(message.encodedMessage);
  const own = device.account === phone.account;
  const copy = { deviceSentMessage: { destinationJid: message.peerJid, message: content } };
  const enc = await sealFor(phone, device, own ? copy : content);
  const counted = { ...enc, attrs: { ...enc.attrs, count: String(count) } };
  const attrs = {
    id: message.id,
    to: deviceJid(device, "pn"),
    type: "text",
    recipient: own ? message.peerJid : undefined,
  };
  routeMessage(phone.network, phone.device, node("message", attrs, [counted]), () => {});
}
