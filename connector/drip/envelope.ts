import type { QueuedMessage } from "../../shared/database.ts";
import { maxTextLength } from "../../shared/message.ts";
import { parseRecipient } from "../../shared/recipient.ts";
import type { Addressee, findAddressee } from "../number/addressee.ts";
import { waMessageIdOf } from "../session/outbox.ts";
import { encodeText } from "../whatsapp/content.ts";
import type { DequeueItem, Failure } from "../write/write.ts";

type Find = (recipient: Parameters<typeof findAddressee>[0]) => Promise<Addressee | undefined>;

export type Envelope =
  | { kind: "ready"; to: string; item: DequeueItem }
  /** It can never be sent, however often it is tried. */
  | { kind: "hopeless"; error: Failure };

/** Makes a queued row what goes out. The row is plain SQL, so nothing in it was checked before. */
export async function seal(
  queued: QueuedMessage,
  { find, intervalMs }: { find: Find; intervalMs: number },
): Promise<Envelope> {
  const { id, type, message: text } = queued;
  if (type !== "text") {
    return hopeless("unsupported_type", "Only messages of the type text can be queued.");
  }
  if (text === null || text === "" || text.length > maxTextLength) {
    return hopeless("invalid_message", `A text has 1 to ${maxTextLength} characters.`);
  }
  const recipient = parseRecipient(queued.chat_id);
  if (recipient === undefined) {
    return hopeless("invalid_recipient", "No such number can exist. Write its country code first.");
  }
  const addressee = await find(recipient);
  if (addressee === undefined) {
    return hopeless("not_on_whatsapp", "This number has no WhatsApp account.");
  }
  const { to, chatId, phone, lid } = addressee;
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
      interval_ms: intervalMs,
      attempts: queued.attempts,
    },
  };
}

function hopeless(code: string, message: string): Envelope {
  return { kind: "hopeless", error: { code, message } };
}
