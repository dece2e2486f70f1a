import type { BinaryNode, WASocket } from "@whiskeysockets/baileys";

/** The WebSocket client of Baileys, which emits every stanza under names such as `CB:receipt`. */
export type StanzaEmitter = WASocket["ws"];

/**
 * Puts `handle` in the place of Baileys' own listeners for a stanza. `passOn` runs those
 * listeners, with this stanza or another one, and resolves when they are done.
 */
export function takeOverListeners(
  stanzas: StanzaEmitter,
  event: string,
  handle: (node: BinaryNode, passOn: (node?: BinaryNode) => Promise<unknown>) => void,
): void {
  const listeners = stanzas.listeners(event);
  if (listeners.length === 0) {
    throw new Error(`Baileys has no listener for ${event}. Adapt the patch to this version of it.`);
  }
  stanzas.removeAllListeners(event);
  stanzas.on(event, (received: BinaryNode) =>
    handle(received, (node = received) =>
      Promise.all(listeners.map((listener) => Reflect.apply(listener, stanzas, [node]) as unknown)),
    ),
  );
}
