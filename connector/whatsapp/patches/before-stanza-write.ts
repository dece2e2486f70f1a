// Baileys has no hook between encrypting a message and writing its stanza; this adds one.
import type { SignalKeyStore } from "@whiskeysockets/baileys";

/**
 * The last thing that Baileys reads for a message to one person, after encrypting it for every
 * device: the privacy token that it puts into the stanza.
 */
const lastKeyRead = "tctoken";

/**
 * A key store whose read of `lastKeyRead` waits for `hook`. When the hook rejects, the stanza is
 * not written. Messages to groups have no such read.
 */
export function beforeStanzaWrite(
  keys: SignalKeyStore,
  hook: () => Promise<unknown> | undefined,
): SignalKeyStore {
  return {
    ...keys,
    get: async (type, ids) => {
      if (type === lastKeyRead) await hook();
      return keys.get(type, ids);
    },
  };
}
