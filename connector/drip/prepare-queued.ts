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
  const { id, type, message: text } = queued;
  if (type !== "text") {
    return undeliverable("unsupported_type", "Only messages of type text can be queued.");
  }
  if (text === null || text === "" || text.length > maxTextLength) {
    return undeliverable("invalid_message", `The text must have 1 to ${maxTextLength} characters.`);
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
      content: Buffer.from(encodeText(text)).toString("base64"),
      interval_ms: pace.intervalMs,
      advance_ms: pace.advanceMs,
      attempts: queued.attempts,
      max_retries: queued.max_retries,
    },
  };
}

function undeliverable(code: string, message: string): PreparedMessage {
  return { kind: "undeliverable", error: { code, message } };
}
