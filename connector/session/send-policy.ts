import { type BackoffLimits, backoffMs } from "../wait/backoff.ts";
import type { Failure, OutcomeItem } from "../write/write.ts";

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
  /** Only for a message from the queue: it is tried again. */
  queued: Tries | undefined;
}

/** How often a message was tried before, and how often it may be tried again after the first time. */
export interface Tries {
  attempts: number;
  maxRetries: number;
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
  { id, attempts, maxRetries, error }: Tries & { id: string; error: Failure },
  { retry, random }: RetryLimits,
): OutcomeItem {
  if (attempts >= maxRetries) return { kind: "outcome", id, status: "FAILED", error };
  const retryInMs = backoffMs(attempts, retry, random);
  return { kind: "outcome", id, status: "QUEUED", error, attempts, retry_in_ms: retryInMs };
}

/** Only messages of the queue are tried again: the caller of an API send gets the error. */
function fail(message: SentMessage, error: Failure, limits: RetryLimits): SendDecision {
  const { id, queued } = message;
  const outcome: OutcomeItem =
    queued === undefined
      ? { kind: "outcome", id, status: "FAILED", error }
      : requeueOrFail({ id, ...queued, error }, limits);
  return { kind: "finish", outcome };
}
