import { type BackoffLimits, backoffMs } from "../wait/backoff.ts";
import type { Failure, OutcomeItem } from "../write/write.ts";

const maxRetries = 3;
const notEncrypted = {
  code: "send_failed",
  message: "The message could not be encrypted for its recipient.",
};

const notUploaded = {
  code: "upload_failed",
  message: "The file could not be uploaded to WhatsApp.",
};

/** A message between its intent and WhatsApp's ack. */
export interface SentMessage {
  id: string;
  /** How often it was tried before, if it came from the queue. */
  queuedAttempts: number | undefined;
}

export type SendEvent =
  /** WhatsApp accepted the message, or refused it with this code. */
  | { kind: "acknowledged"; errorCode: string | undefined }
  /** The message did not reach the socket. */
  | {
      kind: "not_sent";
      isIntentStored: boolean;
      isConnectionLost: boolean;
      isUploadFailed?: boolean;
    };

export type SendDecision =
  /** Record the outcome. */
  | { kind: "finish"; outcome: OutcomeItem }
  /** The intent is stored: the next connection sends it under the same id. */
  | { kind: "resend" }
  /** There is nothing to record. */
  | { kind: "drop" };

export interface RetryLimits {
  retry: BackoffLimits;
  random: () => number;
}

/** What becomes of a message after this event. */
export function afterSendEvent(
  message: SentMessage,
  event: SendEvent,
  limits: RetryLimits,
): SendDecision {
  if (event.kind === "not_sent") {
    if (!event.isIntentStored) return { kind: "drop" };
    if (event.isConnectionLost) return { kind: "resend" };
    return fail(message, event.isUploadFailed === true ? notUploaded : notEncrypted, limits);
  }
  if (event.errorCode !== undefined) {
    const sentence = `WhatsApp refused the message (error ${event.errorCode}).`;
    return fail(message, { code: "message_rejected", message: sentence }, limits);
  }
  return { kind: "finish", outcome: { kind: "outcome", id: message.id, status: "SENT" } };
}

/** A queued message that failed goes back into the queue until its retries are used up. */
export function requeueOrFail(
  { id, attempts, error }: { id: string; attempts: number; error: Failure },
  { retry, random }: RetryLimits,
): OutcomeItem {
  if (attempts >= maxRetries) return { kind: "outcome", id, status: "FAILED", error };
  const retryInMs = backoffMs(attempts, retry, random);
  return { kind: "outcome", id, status: "QUEUED", error, attempts, retry_in_ms: retryInMs };
}

/** Only messages of the queue are tried again: the caller of an API send gets the error. */
function fail(message: SentMessage, error: Failure, limits: RetryLimits): SendDecision {
  const { id, queuedAttempts: attempts } = message;
  const outcome: OutcomeItem =
    attempts === undefined
      ? { kind: "outcome", id, status: "FAILED", error }
      : requeueOrFail({ id, attempts, error }, limits);
  return { kind: "finish", outcome };
}
