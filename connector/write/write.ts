import { z } from "zod";
import type { Media } from "../../shared/media.ts";
import { messageSchema } from "../../shared/message.ts";
import type { Disconnect, SessionState } from "../../shared/session.ts";
import type { EventType } from "../../shared/event.ts";

/** One item of a commit, applied by the SQL function commit_writes according to its `kind`. */
export type Item =
  | SendItem
  | DequeueItem
  | ResendItem
  | OutcomeItem
  | UploadItem
  | MessageItem
  | MediaItem
  | ReceiptItem
  | ChangeItem;

export interface SendItem {
  kind: "send";
  id: string;
  wa_message_id: string;
  chat_id: string;
  phone: string | null;
  lid: string | null;
  type: string;
  text: string | null;
  /** The stored file; absent for a text. */
  media?: Media;
  /** Base64 of the encoded WhatsApp message. */
  content: string;
  idempotency_key?: string;
  request_hash?: string;
}

/** Moves a message from the queue to SENDING. */
export interface DequeueItem {
  kind: "dequeue";
  /** The stored file; absent for a text. */
  media?: Media;
  id: string;
  wa_message_id: string;
  chat_id: string;
  phone: string | null;
  lid: string | null;
  /** Base64 of the encoded WhatsApp message. */
  content: string;
  /** The distance to the next queued message of the session. */
  interval_ms: number;
  /** By how much the moment moves at which the session may send a queued message. */
  advance_ms: number;
  /** How often it was tried before, and how often it may be tried again. */
  attempts: number;
  max_retries: number;
}

/** Counts that a message without an ack is sent again, before it leaves. */
export interface ResendItem {
  kind: "resend";
  id: string;
  /** How often it was sent again before. */
  resends: number;
  max_resends: number;
}

export interface Failure {
  code: string;
  message: string;
}

export type OutcomeItem = { kind: "outcome"; id: string } & (
  | { status: "SENT" }
  | { status: "FAILED"; error: Failure }
  /** Back into the queue for a retry; `attempts` is the count before this attempt. */
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
  /** The file, which is downloaded once the message is stored. */
  media?: Media;
  /** Whether the event of the message waits for the file. */
  wait_for_media?: boolean;
  content: string | null;
  sent_at: string | null;
}

/** What became of a received file. Without `media` its event stops waiting for it. */
export interface MediaItem {
  kind: "media";
  id: string;
  /** The file as it is now; final. */
  media?: Media;
  /** Base64 of the message with the address of a file that its sender uploaded again. */
  content?: string;
  retry_in_ms?: number;
}

/** The content of an outgoing message, once its file is uploaded to WhatsApp. */
export interface UploadItem {
  kind: "upload";
  id: string;
  /** Base64 of the encoded WhatsApp message. */
  content: string;
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
  last_disconnect?: Disconnect | null;
  desired?: "disconnected";
}

export interface SessionChange {
  patch: SessionPatch;
  event?: EventType;
  event_data?: Record<string, unknown>;
}

export interface ChangeItem extends SessionChange {
  kind: "change";
  /** Counts the changes of this epoch from 1: a repeated one is recognized. */
  number: number;
  /** The version of the tenant's wish that this connector has read; `desired` changes only there. */
  desired_version: number;
}

/** Null deletes. */
export interface KeyRow {
  type: string;
  id: string;
  ciphertext: string | null;
}

/** The writes of one session that are committed together or not at all. */
export interface Write {
  uid: string;
  epoch: number;
  credentials?: string;
  keys?: KeyRow[];
  /** Delete the credentials and all keys written before. */
  clearAuth?: boolean;
  items?: Item[];
  /** May be delayed for a moment to share a commit with other writes. */
  coalesced?: boolean;
}

/** The result of commit_writes for a send or a dequeue. */
export const sendResultSchema = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.enum(["created", "replayed"]), message: messageSchema }),
  z.object({ outcome: z.enum(["mismatch", "gone", "not_linked"]) }),
]);
export type SendResult = z.infer<typeof sendResultSchema>;

/** The result of commit_writes for a resend: whether the message may leave again. */
export const resendResultSchema = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.enum(["created", "failed"]), message: messageSchema }),
  z.object({ outcome: z.literal("gone") }),
]);

/** A write was not made: the session has another owner by now, or was closed. */
export class NotWritten extends Error {
  override readonly name: string = "NotWritten";
}

/** As NotWritten, but an earlier request of the write got no answer: it may have been made then. */
export class MaybeWritten extends NotWritten {
  override readonly name = "MaybeWritten";
}
