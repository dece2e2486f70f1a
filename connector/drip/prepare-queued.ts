import type { QueuedMessage } from "../../shared/database.ts";
import { maxTextLength } from "../../shared/message.ts";
import { parseRecipient } from "../../shared/recipient.ts";
import type { ResolvedRecipient, resolveRecipient } from "../number/resolve-recipient.ts";
import { waMessageIdOf } from "../session/outbox.ts";
import { encodeText } from "../whatsapp/content.ts";
import type { DequeueItem, Failure } from "../write/write.ts";

type Find = (
  recipient: Parameters<typeof resolveRecipient>[0],
) => Promise<ResolvedRecipient | undefined>;

export type PreparedMessage =
  | { kind: "ready"; to: string; item: DequeueItem }
  /** It can never be sent, so it is not retried. */
  | { kind: "undeliverable"; error: Failure };

/** See DequeueItem. */
export interface Pace {
  intervalMs: number;
  advanceMs: number;
}

/** Turns a queued row into what is sent. Rows come from plain SQL, so they are validated here. */
export async function prepareQueued(
  queued: QueuedMessage,
  { find, pace }: { find: Find; pace: Pace },
): Promise<PreparedMessage> {
  const { id, type, message: text, media } = queued;
  const content = type === "text" ? contentOfText(text) : queued.content;
  if (type === "text" && content === null) {
    return undeliverable("invalid_message", `The text must have 1 to ${maxTextLength} characters.`);
  }
  if (content === null) {
    return undeliverable(
      "unsupported_type",
      "A row can queue messages of type text only. Queue a file with POST /session/:sessionId/send-image and the like.",
    );
  }
  const recipient = parseRecipient(queued.chat_id);
  if (recipient === undefined) {
    return undeliverable(
      "invalid_recipient",
      "The phone number is not valid. Write it with its country code, like 393331234567.",
    );
  }
  const resolved = await find(recipient);
  if (resolved === undefined) {
    return undeliverable("not_on_whatsapp", "This number has no WhatsApp account.");
  }
  const { to, chatId, phone, lid } = resolved;
  return {
    kind: "ready",
    to,
    item: {
      kind: "dequeue",
      id,
      wa_message_id: waMessageIdOf(id),
      chat_id: chatId,
      phone,
      lid,
      content,
      ...(media === null ? {} : { media }),
      interval_ms: pace.intervalMs,
      advance_ms: pace.advanceMs,
      attempts: queued.attempts,
      max_retries: queued.max_retries,
    },
  };
}

/** Null when WhatsApp takes no such text. */
function contentOfText(text: string | null): string | null {
  if (text === null || text === "" || text.length > maxTextLength) return null;
  return Buffer.from(encodeText(text)).toString("base64");
}

function undeliverable(code: string, message: string): PreparedMessage {
  return { kind: "undeliverable", error: { code, message } };
}
