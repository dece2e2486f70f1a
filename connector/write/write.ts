import { z } from "zod";
import { messageSchema } from "../../shared/message.ts";
import type { Disconnect, SessionState } from "../../shared/session.ts";
import type { EventType } from "../../shared/event.ts";

/** One line of a commit: what the SQL function commit_writes knows by its `kind`. */
export type Item = SendItem | DequeueItem | OutcomeItem | MessageItem | ReceiptItem | ChangeItem;

export interface SendItem {
  kind: "send";
  id: string;
  wa_message_id: string;
  chat_id: string;
  phone: string | null;
  lid: string | null;
  type: string;
  text: string | null;
  /** Base64 of the encoded WhatsApp message. */
  content: string;
  idempotency_key?: string;
  request_hash?: string;
}

/** Takes a message out of the queue to send it. */
export interface DequeueItem {
  kind: "dequeue";
  id: string;
  wa_message_id: string;
  chat_id: string;
  phone: string | null;
  lid: string | null;
  /** Base64 of the encoded WhatsApp message. */
  content: string;
  /** How long the session's next queued message keeps its distance. */
  interval_ms: number;
  /** How often it was tried before. */
  attempts: number;
}

export interface Failure {
  code: string;
  message: string;
}

export type OutcomeItem = { kind: "outcome"; id: string } & (
  | { status: "SENT" }
  | { status: "FAILED"; error: Failure }
  /** Back into the queue, to be tried again; `attempts` is the count before this one. */
  | { status: "QUEUED"; error: Failure; attempts: number; retry_in_ms: number }
);

export interface MessageItem {
  kind: "message";
  direction: "in" | "out";
  wa_message_id: string;
  chat_id: string;
  phone: string | null;
  lid: string | null;
  participant: string | null;
  type: string;
  text: string | null;
  content: string | null;
  sent_at: string | null;
}

export interface ReceiptItem {
  kind: "receipt";
  wa_message_id: string;
  status: "DELIVERED" | "READ";
  at: string | null;
}

export interface SessionPatch {
  state?: SessionState;
  phone?: string | null;
  lid?: string | null;
  qr?: string | null;
  qr_expires_at?: string | null;
  pairing_code?: string | null;
  pairing_code_expires_at?: string | null;
  connected_at?: string | null;
  last_disconnect?: Disconnect;
  desired?: "disconnected";
}

export interface ChangeItem {
  kind: "change";
  patch: SessionPatch;
  event?: EventType;
  event_data?: Record<string, unknown>;
}

/** Null deletes. */
export interface KeyRow {
  type: string;
  id: string;
  ciphertext: string | null;
}

/** What one session wants written, all of it or nothing. */
export interface Write {
  uid: string;
  epoch: number;
  credentials?: string;
  keys?: KeyRow[];
  /** Drop the credentials and every key written before. */
  forget?: boolean;
  items?: Item[];
  /** Nobody waits for it: it may wait a moment for others to go with. */
  coalesced?: boolean;
}

/** What commit_writes gives for a send or a dequeue. */
export const sendResultSchema = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.enum(["created", "replayed"]), message: messageSchema }),
  z.object({ outcome: z.enum(["mismatch", "gone"]) }),
]);
export type SendResult = z.infer<typeof sendResultSchema>;

/** Why a write was not made: the session belongs to another connector by now, or is closed here. */
export class NotWritten extends Error {
  override readonly name = "NotWritten";
}
