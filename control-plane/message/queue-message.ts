import { ApiError } from "../../shared/errors.ts";
import type { Media } from "../../shared/media.ts";
import type { Message } from "../../shared/message.ts";
import type { QueueEntry } from "../../shared/queue.ts";
import type { QueueFields } from "../../shared/queue-fields.ts";
import { parseRecipient } from "../../shared/recipient.ts";
import { rejectTestKeyOnLive } from "../auth/reject-test-key.ts";
import { type DatabaseAnswer, unwrap } from "../database/unwrap.ts";
import type { Caller } from "../http/app-env.ts";
import { findSession, sessionNotFound } from "../locate/session.ts";
import type { Services } from "../services.ts";

/** The SQLSTATE with which messages refuses rows beyond max_queued_messages. */
const programLimitExceeded = "54000";

export interface MessageToQueue {
  caller: Caller;
  sessionId: string;
  idempotency: { key: string; request_hash: string } | undefined;
  /** A JID. */
  to: string;
  type: string;
  text: string | null;
  file?: { media: Media; content: string | null };
  when: QueueFields;
}

/** Puts a message into the queue, or finds the one that its idempotency key stands for. @throws ApiError */
export async function queueMessage(
  { database, fileLinks, queueDefaults }: Services,
  { caller, sessionId, idempotency, to, type, text, file, when }: MessageToQueue,
): Promise<{ message: Message & { queue: QueueEntry | null }; replayed: boolean }> {
  const name = { tenantId: caller.tenantId, sessionId };
  rejectTestKeyOnLive(caller, await findSession(database, name));
  const result = await unwrap(
    withQueueLimit(
      await database.rpc("queue_message", {
        tenant_id: name.tenantId,
        session_id: name.sessionId,
        item: {
          ...recipientColumns(to),
          type,
          text,
          ...file,
          ...whenColumns(when),
          ...keyColumns(idempotency),
        },
        defaults: queueDefaults,
      }),
    ),
  );
  if (result.outcome === "not_found") throw sessionNotFound(name);
  if (result.outcome === "mismatch") throw idempotencyMismatch();
  const message = await fileLinks.inMessage(caller.tenantId, result.message);
  return { message: { ...message, queue: result.queue }, replayed: result.outcome === "replayed" };
}

/** Where a message to this JID goes, as the columns of a queued message. */
export function recipientColumns(to: string) {
  const recipient = parseRecipient(to);
  if (recipient === undefined) throw new Error("The schema accepted an invalid recipient");
  return {
    chat_id: recipient.jid,
    phone: recipient.kind === "phone" ? recipient.phone : null,
    lid: recipient.kind === "lid" ? recipient.lid : null,
  };
}

export function whenColumns({ send_at, expires_at, priority }: QueueFields) {
  return { send_at, send_before: expires_at, priority };
}

export function keyColumns(idempotency: { key: string; request_hash: string } | undefined) {
  if (idempotency === undefined) return {};
  return { idempotency_key: idempotency.key, request_hash: idempotency.request_hash };
}

/** @throws ApiError quota_exceeded when the tenant has as many queued messages as it may */
export function withQueueLimit<Answer extends DatabaseAnswer<unknown>>(answer: Answer): Answer {
  if (answer.error?.code !== programLimitExceeded) return answer;
  throw new ApiError(
    "quota_exceeded",
    "The tenant would have more queued messages than its max_queued_messages allows. Queue more when some are sent, or ask the operator to raise the limit.",
  );
}

export function idempotencyMismatch(): ApiError {
  return new ApiError(
    "idempotency_mismatch",
    "This Idempotency-Key was used with another request. Use a new key, or repeat the first request unchanged.",
  );
}
