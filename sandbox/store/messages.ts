import { bytes, type Row, type Store, textOrNull } from "./store.ts";

const statuses = ["sent", "delivered", "read", "received"] as const;
export type MessageStatus = (typeof statuses)[number];

/** A message as one phone sees it. */
export interface PhoneMessage {
  seq: number;
  /** WhatsApp's id of the message, the same for everybody. */
  id: string;
  direction: "in" | "out";
  /** Phone numbers, digits only. */
  from: string;
  to: string;
  /** The exact device that sent it (in) or the chat it was sent to (out). */
  peerJid: string;
  type: string;
  text: string | null;
  /** Unix seconds. */
  timestamp: number;
  status: MessageStatus;
  /** Which of the number's own devices sent it; null for what came in. */
  fromMeDevice: number | null;
  encodedMessage: Buffer;
}

/** Stores a message once; undefined when the phone has it already. */
export function addMessage(
  store: Store,
  phone: string,
  message: Omit<PhoneMessage, "seq">,
): PhoneMessage | undefined {
  const { changes, lastId } = store.run(
    `INSERT OR IGNORE INTO message (phone, id, direction, sender, recipient, peer_jid, type, text,
       timestamp, status, from_me_device, encoded_message) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
    message.encodedMessage,
  );
  return changes === 0 ? undefined : { ...message, seq: lastId };
}

/** The phone's messages in the order it saw them. */
export function listMessages(store: Store, phone: string, afterSeq = 0): PhoneMessage[] {
  const sql = "SELECT * FROM message WHERE phone = ? AND seq > ? ORDER BY seq";
  return store.all(sql, phone, afterSeq).map(toMessage);
}

/** The newest messages, oldest of them first. */
export function recentMessages(store: Store, phone: string, limit: number): PhoneMessage[] {
  const sql = "SELECT * FROM message WHERE phone = ? ORDER BY seq DESC LIMIT ?";
  return store.all(sql, phone, limit).map(toMessage).toReversed();
}

export function sentMessage(store: Store, phone: string, id: string): PhoneMessage | undefined {
  const sql = "SELECT * FROM message WHERE phone = ? AND id = ? AND sender = ?";
  const row = store.get(sql, phone, id, phone);
  return row && toMessage(row);
}

export function unreadFrom(store: Store, phone: string, from: string): PhoneMessage[] {
  const sql = `SELECT * FROM message
    WHERE phone = ? AND sender = ? AND direction = 'in' AND status = 'received' ORDER BY seq`;
  return store.all(sql, phone, from).map(toMessage);
}

const earlierStatuses = { delivered: "('sent')", read: "('sent', 'delivered')" } as const;

/** Moves a sent message forward; false when it was there already, or is not ours. */
export function advanceSent(
  store: Store,
  phone: string,
  { id, status }: { id: string; status: "delivered" | "read" },
): boolean {
  const sql = `UPDATE message SET status = ?
    WHERE phone = ? AND id = ? AND sender = ? AND status IN ${earlierStatuses[status]}`;
  return store.run(sql, status, phone, id, phone).changes > 0;
}

/** Marks a received message as read; false when it was already. */
export function markRead(
  store: Store,
  phone: string,
  { id, from }: { id: string; from: string },
): boolean {
  const sql = `UPDATE message SET status = 'read'
    WHERE phone = ? AND id = ? AND sender = ? AND direction = 'in' AND status = 'received'`;
  return store.run(sql, phone, id, from).changes > 0;
}

/** The rows are written by `addMessage` only. */
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
    status: statuses.find((status) => status === row["status"]) ?? "sent",
    fromMeDevice: device === null ? null : Number(device),
    encodedMessage: bytes(row["encoded_message"]),
  };
}
