// Baileys handles messages of one chat concurrently; here each waits for the one before.
import type { BinaryNode } from "@whiskeysockets/baileys";
import type { KeyedLock } from "../keyed-lock.ts";
import type { RequestedCopies } from "../requested-copies.ts";
import { type StanzaEmitter, takeOverListeners } from "./take-over.ts";

/**
 * Without this, messages would be stored out of order: the first one of a new contact takes longer
 * to decrypt, and Baileys puts the messages that came while the session was offline into a queue,
 * which live ones do not wait for. Messages that still wait when the connection closes are left to
 * the next one, which gets them again and waits for the one that is being handled. Those behind a
 * message that could not be decrypted wait for its second copy.
 */
export function keepChatsInOrder(
  stanzas: StanzaEmitter,
  { chats, copies }: { chats: KeyedLock; copies: RequestedCopies },
): void {
  takeOverListeners(stanzas, "CB:message", (node, passOn) => {
    const { id = "", from: chat = "" } = node.attrs;
    const handle = async () => {
      if (stanzas.isOpen) await passOn(asLive(node));
    };
    const handled = copies.isAwaited(id)
      ? copies.handle(id, handle)
      : chats.run(chat, async () => {
          await handle();
          await copies.wait(id, chat);
        });
    void handled.catch(() => undefined); // Baileys logs its own errors.
  });
}

/** A message that Baileys handles at once: its listener resolves after that, not when it is queued. */
function asLive(node: BinaryNode): BinaryNode {
  const { offline: _, ...attrs } = node.attrs;
  return { ...node, attrs };
}
