import { AsyncLocalStorage } from "node:async_hooks";
import {
  DEFAULT_CONNECTION_CONFIG,
  type SignalAuthState,
  type SignalDataSet,
  type SocketConfig,
} from "@whiskeysockets/baileys";
import type { ArrivalItem } from "../write/write.ts";
import { KeyedLock } from "./keyed-lock.ts";
import type { LateCommits } from "./late-commits.ts";

type MakeRepository = SocketConfig["makeSignalRepository"];

/** Not a Signal key: carries an arrival through the transaction that moves the ratchet. */
export const arrivalType = "arrival";

export interface RepositoryHooks {
  commits: LateCommits;
  /** What to store of a decrypted message, found by its ciphertext. */
  readArrival: (ciphertext: Uint8Array, plaintext: Uint8Array) => Promise<ArrivalItem | undefined>;
  /** Makes the message that is being encrypted wait for this before it leaves. */
  holdUntil: (committed: Promise<unknown>) => Promise<void>;
}

/**
 * Baileys' Signal engine, changed in when things are committed:
 * - An incoming message is stored in the transaction that moves its ratchet, before any receipt
 *   leaves. In two transactions, a crash between them would lose it: WhatsApp delivers it again,
 *   but it cannot be decrypted again.
 * - A session that a send changes is committed before the stanza leaves. Baileys does it after,
 *   and until then a message that comes in from the same device would read, and then overwrite,
 *   the old state: the same message key twice.
 */
export function signalRepository(hooks: RepositoryHooks): MakeRepository {
  return (auth, logger, pnToLid) => {
    const engine = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(auth, logger, pnToLid);
    const keys = transactional(auth.keys);
    const locks = new KeyedLock();
    // Outside of the transaction that a whole send is: what runs here commits by itself.
    const outside = AsyncLocalStorage.snapshot();

    /** One lock for a device, by whichever of its addresses it is named. */
    async function onDevice<Result>(jid: string, work: () => Promise<Result>): Promise<Result> {
      const lid = jid.endsWith("@s.whatsapp.net") ? await engine.lidMapping.getLIDForPN(jid) : null;
      return locks.run(engine.jidToSignalProtocolAddress(lid ?? jid), work);
    }

    async function encrypting<Result>(encrypt: () => Promise<Result>): Promise<Result> {
      const { result, committed } = await outside(() => hooks.commits.collect(encrypt));
      await hooks.holdUntil(committed);
      return result;
    }

    async function decrypting(
      ciphertext: Uint8Array,
      key: string,
      decrypt: () => Promise<Uint8Array>,
    ): Promise<Uint8Array> {
      const storing = async () => {
        const plaintext = await decrypt();
        const arrival = await hooks.readArrival(ciphertext, plaintext);
        if (arrival !== undefined) await keys.set(carrying(arrival));
        return plaintext;
      };
      return keys.transaction(storing, key);
    }

    async function committed(decrypt: () => Promise<Uint8Array>): Promise<Uint8Array> {
      const { result, committed } = await hooks.commits.collect(decrypt);
      await committed;
      return result;
    }

    return {
      ...engine,
      decryptMessage: (message) =>
        committed(() =>
          onDevice(message.jid, () =>
            decrypting(message.ciphertext, message.jid, () => engine.decryptMessage(message)),
          ),
        ),
      decryptGroupMessage: (message) =>
        committed(() =>
          locks.run(message.group, () =>
            decrypting(message.msg, message.group, () => engine.decryptGroupMessage(message)),
          ),
        ),
      encryptMessage: (message) =>
        encrypting(() => onDevice(message.jid, () => engine.encryptMessage(message))),
      encryptGroupMessage: (message) =>
        encrypting(() => locks.run(message.group, () => engine.encryptGroupMessage(message))),
      injectE2ESession: (options) =>
        outside(() => onDevice(options.jid, () => engine.injectE2ESession(options))),
      migrateSession: (from, to) => outside(() => engine.migrateSession(from, to)),
    };
  };
}

/** Baileys adds transactions to the store it is given before it makes the repository. */
function transactional(keys: SignalAuthState["keys"]) {
  if (!("transaction" in keys)) throw new Error("The key store has no transactions");
  return keys;
}

/** The set of changes is typed by Signal's types; the store knows this one more. */
function carrying(arrival: ArrivalItem): SignalDataSet {
  const changes: Record<string, unknown> = { [arrivalType]: { [arrival.wa_message_id]: arrival } };
  return changes;
}
