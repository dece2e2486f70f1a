import { AsyncLocalStorage } from "node:async_hooks";
import {
  DEFAULT_CONNECTION_CONFIG,
  type SignalAuthState,
  type SignalDataSet,
  type SocketConfig,
} from "@whiskeysockets/baileys";
import type { MessageItem } from "../../write/write.ts";
import { KeyedLock } from "../keyed-lock.ts";
import type { DeferredCommits } from "./deferred-commits.ts";

type MakeRepository = SocketConfig["makeSignalRepository"];

/** Not a Signal key: carries an arrival through the transaction that moves the ratchet. */
export const messageItemType = "arrival";

export interface RepositoryHooks {
  commits: DeferredCommits;
  /** What to store of a decrypted message, found by its ciphertext. */
  readMessageStanza: (
    ciphertext: Uint8Array,
    plaintext: Uint8Array,
  ) => Promise<MessageItem | undefined>;
  /** Whether this message was stored when it came before; waits for what is being stored. */
  isStored: (ciphertext: Uint8Array) => Promise<boolean>;
  /** Whether this is part of sending a message for the first time. */
  isSending: () => boolean;
  /** Makes the message that is being encrypted wait for this before it leaves. */
  waitFor: (committed: Promise<unknown>) => Promise<void>;
}

type SessionToStart = Parameters<ReturnType<MakeRepository>["injectE2ESession"]>[0];

/** An empty message with its padding. */
const nothing = Uint8Array.of(1);

/**
 * Baileys' Signal engine, changed in when things are committed:
 * - An incoming message is stored in the transaction that moves its ratchet, before any receipt
 *   leaves. In two transactions, a crash between them would lose it: WhatsApp delivers it again,
 *   but it cannot be decrypted again.
 * - A session that a send changes is committed before the stanza leaves. Baileys does it after,
 *   and until then a message that comes in from the same device would read, and then overwrite,
 *   the old state: the same message key twice.
 * - A session that is open stays open. Baileys begins a new one with a recipient whenever it asks
 *   for his devices, and messages of his that are still on their way over the old one spoil the
 *   new one in libsignal: nobody could open what is sent over it.
 * - What comes again after it was stored, because its receipt got lost, is empty instead of an
 *   error: Baileys would have the sender begin a new session. What was not stored is asked for
 *   again, also where Baileys takes libsignal's word that it was here before and lets it go.
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
      await hooks.waitFor(committed);
      return result;
    }

    async function decrypting(
      ciphertext: Uint8Array,
      key: string,
      decrypt: () => Promise<Uint8Array>,
    ): Promise<Uint8Array> {
      const storing = async () => {
        const plaintext = await decrypt();
        const message = await hooks.readMessageStanza(ciphertext, plaintext);
        if (message !== undefined) await keys.set(carrying(message));
        return plaintext;
      };
      return keys.transaction(storing, key);
    }

    async function committed(decrypt: () => Promise<Uint8Array>): Promise<Uint8Array> {
      const { result, committed } = await hooks.commits.collect(decrypt);
      await committed;
      return result;
    }

    async function once(
      ciphertext: Uint8Array,
      open: () => Promise<Uint8Array>,
    ): Promise<Uint8Array> {
      try {
        return await committed(open);
      } catch (cause) {
        if (await hooks.isStored(ciphertext).catch(() => false)) return nothing;
        throw new Error(`Not opened: ${reasonOf(cause)}`, { cause });
      }
    }

    async function start(options: SessionToStart): Promise<void> {
      await onDevice(options.jid, () => engine.injectE2ESession(options));
    }

    async function startUnlessOpen(options: SessionToStart): Promise<void> {
      await onDevice(options.jid, async () => {
        const { exists } = await engine.validateSession(options.jid);
        if (!exists) await engine.injectE2ESession(options);
      });
    }

    return {
      ...engine,
      decryptMessage: (message) =>
        once(message.ciphertext, () =>
          onDevice(message.jid, () =>
            decrypting(message.ciphertext, message.jid, () => engine.decryptMessage(message)),
          ),
        ),
      decryptGroupMessage: (message) =>
        once(message.msg, () =>
          locks.run(message.group, () =>
            decrypting(message.msg, message.group, () => engine.decryptGroupMessage(message)),
          ),
        ),
      encryptMessage: (message) =>
        encrypting(() => onDevice(message.jid, () => engine.encryptMessage(message))),
      encryptGroupMessage: (message) =>
        encrypting(() => locks.run(message.group, () => engine.encryptGroupMessage(message))),
      injectE2ESession: (options) => outside(hooks.isSending() ? startUnlessOpen : start, options),
      migrateSession: (from, to) => outside(() => engine.migrateSession(from, to)),
    };
  };
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Baileys adds transactions to the store it is given before it makes the repository. */
function transactional(keys: SignalAuthState["keys"]) {
  if (!("transaction" in keys)) throw new Error("The key store has no transactions");
  return keys;
}

/** The set of changes is typed by Signal's types; the store knows this one more. */
function carrying(message: MessageItem): SignalDataSet {
  const changes: Record<string, unknown> = {
    [messageItemType]: { [message.wa_message_id]: message },
  };
  return changes;
}
