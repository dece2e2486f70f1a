import { randomBytes } from "node:crypto";
import { proto } from "@whiskeysockets/baileys";
import type { Account, Device } from "../account/account.ts";
import { accountJid, type Addressing, deviceJid } from "../account/address.ts";
import { fetchPreKeyBundle } from "../account/pre-keys.ts";
import { accountAddressing } from "../stanza/account-addressing.ts";
import { routeMessage } from "../stanza/route-message.ts";
import { addMessage, type PhoneMessage } from "../store/messages.ts";
import { type BinaryNode, node } from "../wire/node.ts";
import { encodeMessage, readContent } from "./content.ts";
import { readMediaContent } from "./media-content.ts";
import type { Phone } from "./phone.ts";
import { type EngineSession, sessionFrom } from "./signal-engine.ts";

/** Marks the ids of automatic replies, so that two phones do not reply to each other for ever. */
const autoReplyPrefix = "3AA0";

export function isAutoReply(id: string): boolean {
  return id.startsWith(autoReplyPrefix);
}

function newMessageId(autoReply: boolean): string {
  const random = randomBytes(8).toString("hex").toUpperCase();
  return `${autoReply ? autoReplyPrefix : "3AB0"}${random}`;
}

export interface MessageToSend {
  to: Account;
  content: proto.IMessage;
  /**
   * The address space in which the recipient's devices see the sender, unless the recipient's
   * account enforces its own. Default: that of the sender's account, or else `pn`.
   */
  addressing?: Addressing;
  isAutoReply?: boolean;
}

/** Sends a text; see `sendMessage`. */
export async function sendText(
  phone: Phone,
  { text, ...rest }: Omit<MessageToSend, "content"> & { text: string },
): Promise<PhoneMessage> {
  return await sendMessage(phone, { ...rest, content: { conversation: text } });
}

/**
 * Sends a message to every device of the recipient, and a copy to the sender's other devices.
 * Returns the message as stored on this phone.
 */
export async function sendMessage(phone: Phone, outgoing: MessageToSend): Promise<PhoneMessage> {
  const { to, content, isAutoReply: autoReply = false } = outgoing;
  const addressing = outgoing.addressing ?? accountAddressing(phone.network, phone.account) ?? "pn";
  const chat = accountJid(to, addressing);
  const id = newMessageId(autoReply);
  const copy = { deviceSentMessage: { destinationJid: chat, message: content } };
  const participants: BinaryNode[] = [];
  for (const device of recipients(phone, to)) {
    const own = device.account === phone.account;
    const enc = await encryptFor(phone, device, own ? copy : content);
    participants.push(node("to", { jid: deviceJid(device, addressing) }, [enc]));
  }
  const stored = addMessage(phone.network.store, phone.account.phone, {
    id,
    direction: "out",
    from: phone.account.phone,
    to: to.phone,
    peerJid: accountJid(to, "pn"),
    ...(readContent(content) ?? { type: "unknown", text: null }),
    timestamp: Math.floor(Date.now() / 1000),
    status: "sent",
    fromMeDevice: 0,
    notified: null,
    encodedMessage: encodeMessage(content),
  });
  if (!stored) throw new Error("message id used twice");
  phone.emit({ type: "message", message: stored });
  const stanza = node("message", { id, to: chat, type: stanzaType(content) }, [
    node("participants", {}, participants),
  ]);
  routeMessage(phone.network, phone.device, stanza, () => {});
  return stored;
}

function stanzaType(content: proto.IMessage): "media" | "text" {
  return readMediaContent(content) ? "media" : "text";
}

function recipients(phone: Phone, to: Account): Device[] {
  const own = [...phone.account.devices.values()].filter((device) => device !== phone.device);
  return to === phone.account ? own : [...to.devices.values(), ...own];
}

/**
 * Encrypts a message for one device and returns the `enc` node. Without a Signal session with the
 * device, it starts one from a pre-key bundle of the key server.
 */
export async function encryptFor(
  phone: Phone,
  device: Device,
  message: proto.IMessage,
): Promise<BinaryNode> {
  const jid = deviceJid(device, "lid");
  if (!(await phone.engine.hasSession(jid))) {
    const bundle = fetchPreKeyBundle(phone.network.store, device);
    await phone.engine.startSession(jid, sessionFrom(bundle));
  }
  const { type, ciphertext } = await phone.engine.encrypt(jid, message);
  const media = readMediaContent(message.deviceSentMessage?.message ?? message);
  const mediatype = media?.voice ? "ptt" : media?.kind;
  return node("enc", { v: "2", type, mediatype }, ciphertext);
}

export interface Resend {
  message: PhoneMessage;
  device: Device;
  /** The count of the retry receipt. */
  count: number;
  /** From the keys of the retry receipt, if it had any. */
  session: EngineSession | undefined;
}

/**
 * Sends a message again to the device that could not decrypt it, over a new session. The old session
 * is kept to decrypt messages in flight, as on a real phone; without it, each side would send retry
 * receipts for the other's messages until both give up.
 */
export async function resend(phone: Phone, { message, device, count, session }: Resend) {
  const jid = deviceJid(device, "lid");
  const { store } = phone.network;
  await phone.engine.startSession(jid, session ?? sessionFrom(fetchPreKeyBundle(store, device)));
  const content = proto.Message.decode(message.encodedMessage);
  const own = device.account === phone.account;
  const copy = { deviceSentMessage: { destinationJid: message.peerJid, message: content } };
  const enc = await encryptFor(phone, device, own ? copy : content);
  const counted = { ...enc, attrs: { ...enc.attrs, count: String(count) } };
  const attrs = {
    id: message.id,
    to: deviceJid(device, "pn"),
    type: stanzaType(content),
    recipient: own ? message.peerJid : undefined,
  };
  routeMessage(phone.network, phone.device, node("message", attrs, [counted]), () => {});
}
