// Baileys' transactions hold Signal keys only; here a received message goes with them as a key.
import type { SignalDataSet } from "@whiskeysockets/baileys";
import { z } from "zod";
import type { KeyChanges } from "../../keys/key-store.ts";
import type { MessageItem } from "../../write/write.ts";

/**
 * A type that Signal does not have. What is written under it within a transaction reaches the key
 * store with the ratchet in one call, and the key store commits both at once.
 */
const receivedMessageType = "received-message";

const messageItemSchema = z.custom<MessageItem>();

/** The change that carries a message through a transaction. */
export function receivedMessageChange(message: MessageItem): SignalDataSet {
  const changes: Record<string, unknown> = {
    [receivedMessageType]: { [message.wa_message_id]: message },
  };
  return changes;
}

/** What a transaction wrote, with its messages apart from its keys. */
export function splitReceivedMessages(data: SignalDataSet): {
  keys: KeyChanges;
  messages: MessageItem[];
} {
  const { [receivedMessageType]: messages, ...keys }: KeyChanges = { ...data };
  return {
    keys,
    messages: Object.values(messages ?? {}).map((message) => messageItemSchema.parse(message)),
  };
}
