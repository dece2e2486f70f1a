import { bytes, pack, type Row, type Store, textOrNull, unpack } from "./store.ts";

export const messageStatuses = ["sent", "delivered", "read", "received"] as const;
export type MessageStatus = (typeof messageStatuses)[number];

export const mediaErrors = [
  "not_found",
  "wrong_encrypted_hash",
  "wrong_mac",
  "undecryptable",
  "wrong_hash",
  "wrong_size",
] as const;
export type MediaError = (typeof mediaErrors)[number];

/** What a phone found when it decrypted the file of a message. */
export interface MediaCheck {
  /** Bytes and hash (hex) of the decrypted file; null if there is no file. */
  size: number | null;
  sha256: string | null;
  /** Why the file is not the one that the message promises; null: it is. */
  error: MediaError | null;
}

/** A message as one phone stores it. */
export interface PhoneMessage {
  seq: number;
  /** The WhatsApp message id, the same on all devices. */
  id: string;
  direction: "in" | "out";
  /** Phone numbers, digits only. */
  from: string;
  to: string;
  /** The jid of the sending device (in) or of the chat (out). */
  peerJid: string;
  type: string;
  text: string | null;
  /** Unix seconds. */
  timestamp: number;
  status: MessageStatus;
  /** The id of the own device that sent it; null for incoming messages. */
  fromMeDevice: number | null;
  /** Whether the phone showed a notification for it; null for sent messages. */
  notified: boolean | null;
  /** What the phone found in the file of the message; null if it has none or was not read yet. */
  media: MediaCheck | null;
  encodedMessage: Buffer;
}

/** Stores a message; undefined if the phone has it already. */
export function addMessage(
  store: Store,
  phone: string,
  message: Omit<PhoneMessage, "seq" | "media">,
): PhoneMessage | undefined {
  const { changes, lastId } = store.run(
    `INSERT OR IGNORE INTO message (phone, id, direction, sender, recipient, peer_jid, type, text,
       timestamp, status, from_me_device, notified, encoded_message)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    phone,
    message.id,
    message.direction,
    message.from,
    message.to,
    message.peerJid,
    message.type,
    message.text,
    message.timestamp,
    message.status,
    message.fromMeDevice,
    message.notified === null ? null : Number(message.notified),
    message.encodedMessage,
  );
  return changes === 0 ? undefined : { ...message, seq: lastId, media: null };
}

/** The phone's messages in the order in which it stored them. */
export function listMessages(store: Store, phone: string, afterSeq = 0): PhoneMessage[] {
  const sql = "SELECT * FROM message WHERE phone = ? AND seq > ? ORDER BY seq";
  return store.all(sql, phone, afterSeq).map(toMessage);
}

/** The newest messages, in ascending order. */
export function recentMessages(store: Store, phone: string, limit: number): PhoneMessage[] {
  const sql = "SELECT * FROM message WHERE phone = ? ORDER BY seq DESC LIMIT ?";
  return store.all(sql, phone, limit).map(toMessage).toReversed();
}

/** The message with this id that this number sent. */
export function messageBy(
  store: Store,
  phone: string,
  { id, from }: { id: string; from: string },
): PhoneMessage | undefined {
  const sql = "SELECT * FROM message WHERE phone = ? AND id = ? AND sender = ?";
  const row = store.get(sql, phone, id, from);
  return row && toMessage(row);
}

/** A message by its id alone; the newest if two numbers chose the same id. */
export function findMessage(store: Store, phone: string, id: string): PhoneMessage | undefined {
  const sql = "SELECT * FROM message WHERE phone = ? AND id = ? ORDER BY seq DESC LIMIT 1";
  const row = store.get(sql, phone, id);
  return row && toMessage(row);
}

/** Stores what the phone found in the file of a message. */
export function saveMediaCheck(store: Store, seq: number, check: MediaCheck): void {
  store.run("UPDATE message SET media = ? WHERE seq = ?", pack(check), seq);
}

/** Unread messages from one number, in ascending order. */
export function unreadFrom(store: Store, phone: string, from: string): PhoneMessage[] {
  const sql = `SELECT * FROM message
    WHERE phone = ? AND sender = ? AND direction = 'in' AND status = 'received' ORDER BY seq`;
  return store.all(sql, phone, from).map(toMessage);
}

const earlierStatuses = { delivered: "('sent')", read: "('sent', 'delivered')" } as const;

/** Advances the status of a sent message; false if it was there already or the message is unknown. */
export function advanceSent(
  store: Store,
  phone: string,
  { id, status }: { id: string; status: "delivered" | "read" },
): boolean {
  const sql = `UPDATE message SET status = ?
    WHERE phone = ? AND id = ? AND sender = ? AND status IN ${earlierStatuses[status]}`;
  return store.run(sql, status, phone, id, phone).changes > 0;
}

/** Marks a received message as read; false if it was read already. */
export function markRead(
  store: Store,
  phone: string,
  { id, from }: { id: string; from: string },
): boolean {
  const sql = `UPDATE message SET status = 'read'
    WHERE phone = ? AND id = ? AND sender = ? AND direction = 'in' AND status = 'received'`;
  return store.run(sql, phone, id, from).changes > 0;
}

/** Rows are written only by `addMessage`, so their values need no validation. */
function toMessage(row: Row): PhoneMessage {
  const device = row["from_me_device"];
  return {
    seq: Number(row["seq"]),
    id: String(row["id"]),
    direction: row["direction"] === "in" ? "in" : "out",
    from: String(row["sender"]),
    to: String(row["recipient"]),
    peerJid: String(row["peer_jid"]),
    type: String(row["type"]),
    text: textOrNull(row["text"]),
    timestamp: Number(row["timestamp"]),
    status: messageStatuses.find((status) => status === row["status"]) ?? "sent",
    fromMeDevice: device === null ? null : Number(device),
    notified: row["notified"] === null ? null : row["notified"] === 1,
    media: row["media"] === null ? null : unpack<MediaCheck>(row["media"]),
    encodedMessage: bytes(row["encoded_message"]),
  };
}
