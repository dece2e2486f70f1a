// Baileys starts on every message at once; here the messages of one chat wait for each other.
import { KeyedLock } from "../keyed-lock.ts";
import { type StanzaEmitter, takeOverListeners } from "./take-over.ts";

/**
 * The first message of a new contact takes longer to decrypt, and without this the second one
 * would be stored before it.
 */
export function keepChatsInOrder(stanzas: StanzaEmitter): void {
  const chats = new KeyedLock();
  takeOverListeners(stanzas, "CB:message", (node, passOn) => {
    const handled = chats.run(node.attrs["from"] ?? "", () => passOn());
    void handled.catch(() => undefined); // Baileys logs its own errors.
  });
}
