// Baileys commits Signal sessions and messages apart; here a message and its ratchet are one commit.
import { AsyncLocalStorage } from "node:async_hooks";
import {
  DEFAULT_CONNECTION_CONFIG,
  type SignalAuthState,
  type SocketConfig,
} from "@whiskeysockets/baileys";
import type { MessageItem } from "../../write/write.ts";
import type { KeyedLock } from "../keyed-lock.ts";
import type { DeferredCommits } from "./deferred-commits.ts";
import { receivedMessageChange } from "./received-message-key.ts";

type MakeRepository = SocketConfig["makeSignalRepository"];
type SessionToCreate = Parameters<ReturnType<MakeRepository>["injectE2ESession"]>[0];

export interface RepositoryHooks {
  commits: DeferredCommits;
  /** By the address of a device or the id of a group. */
  locks: KeyedLock;
  /** What to store of a decrypted message, found by its ciphertext. */
  readMessage: (ciphertext: Uint8Array, plaintext: Uint8Array) => Promise<MessageItem | undefined>;
  /** Whether this message was stored when it came before; waits for writes under way. */
  isStored: (ciphertext: Uint8Array) => Promise<boolean>;
  /** A message is requested again, because it could not be decrypted or stored. */
  onNotDecrypted: (ciphertext: Uint8Array, reason: string) => void;
  /** Whether this is part of sending a message for the first time. */
  isSending: () => boolean;
  /** Resolves when the message that is being encrypted may go on, or the commit is made. */
  waitForCommit: (committed: Promise<unknown>) => Promise<void>;
}

/** An empty message with its padding. */
const emptyPlaintext = Uint8Array.of(1);

/**
 * The Signal repository of Baileys with these differences:
 * - An incoming message is stored in the transaction that advances its ratchet, before its receipt
 *   is sent. In two transactions, a crash between them would lose it: WhatsApp delivers it again,
 *   but it cannot be decrypted again.
 * - A session that a send changes is committed before the stanza is written. Baileys commits it
 *   after, and until then a message from the same device would read, and then overwrite, the old
 *   state: the same message key would be used twice.
 * - A session that is open stays open. Baileys creates a new one whenever it queries a recipient's
 *   devices, and messages still under way over the old one corrupt the new one in libsignal: the
 *   recipient could not decrypt what is sent over it.
 * - A message that was stored and comes again, because its receipt got lost, decrypts as an empty
 *   one. On an error Baileys would make the sender create a new session. For a message that was
 *   not stored the error is worded so that Baileys requests it again: it drops messages of which
 *   libsignal says that they were decrypted before.
 */
export function signalRepository(hooks: RepositoryHooks): MakeRepository {
  return (auth, logger, pnToLid) => {
    const base = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(auth, logger, pnToLid);
    const keys = withTransactions(auth.keys);
    const { locks } = hooks;
    // A whole send is one transaction. What runs outside of it is committed by itself.
    const outsideTransaction = AsyncLocalStorage.snapshot();

    /** One lock for each device, whether it is addressed by phone number or by LID. */
    async function withDeviceLock<Result>(
      jid: string,
      work: () => Promise<Result>,
    ): Promise<Result> {
      const lid = jid.endsWith("@s.whatsapp.net") ? await base.lidMapping.getLIDForPN(jid) : null;
      return locks.run(base.jidToSignalProtocolAddress(lid ?? jid), work);
    }

    async function encryptAndCommit<Result>(encrypt: () => Promise<Result>): Promise<Result> {
      const { result, committed } = await outsideTransaction(() => hooks.commits.collect(encrypt));
      await hooks.waitForCommit(committed);
      return result;
    }

    async function decryptAndStore(
      ciphertext: Uint8Array,
      key: string,
      decrypt: () => Promise<Uint8Array>,
    ): Promise<Uint8Array> {
      return keys.transaction(async () => {
        const plaintext = await decrypt();
        const message = await hooks.readMessage(ciphertext, plaintext);
        if (message !== undefined) await keys.set(receivedMessageChange(message));
        return plaintext;
      }, key);
    }

    async function commit<Result>(work: () => Promise<Result>): Promise<Result> {
      const { result, committed } = await hooks.commits.collect(work);
      await committed;
      return result;
    }

    async function emptyIfStored(
      ciphertext: Uint8Array,
      decrypt: () => Promise<Uint8Array>,
    ): Promise<Uint8Array> {
      try {
        return await decrypt();
      } catch (cause) {
        if (await hooks.isStored(ciphertext).catch(() => false)) return emptyPlaintext;
        const reason = reasonOf(cause);
        hooks.onNotDecrypted(ciphertext, reason);
        throw new Error(`Not decrypted: ${reason}`, { cause });
      }
    }

    async function createSession(options: SessionToCreate): Promise<void> {
      await withDeviceLock(options.jid, () => base.injectE2ESession(options));
    }

    async function createSessionUnlessOpen(options: SessionToCreate): Promise<void> {
      await withDeviceLock(options.jid, async () => {
        const { exists } = await base.validateSession(options.jid);
        if (!exists) await base.injectE2ESession(options);
      });
    }

    return {
      ...base,
      decryptMessage: (message) => {
        const { ciphertext, jid } = message;
        const decrypt = () => decryptAndStore(ciphertext, jid, () => base.decryptMessage(message));
        return emptyIfStored(ciphertext, () => commit(() => withDeviceLock(jid, decrypt)));
      },
      decryptGroupMessage: (message) => {
        const { msg, group } = message;
        const decrypt = () => decryptAndStore(msg, group, () => base.decryptGroupMessage(message));
        return emptyIfStored(msg, () => commit(() => locks.run(group, decrypt)));
      },
      encryptMessage: (message) =>
        encryptAndCommit(() => withDeviceLock(message.jid, () => base.encryptMessage(message))),
      encryptGroupMessage: (message) =>
        encryptAndCommit(() => locks.run(message.group, () => base.encryptGroupMessage(message))),
      injectE2ESession: (options) =>
        outsideTransaction(hooks.isSending() ? createSessionUnlessOpen : createSession, options),
      migrateSession: (from, to) => outsideTransaction(() => base.migrateSession(from, to)),
    };
  };
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Baileys adds transactions to the store it is given before it makes the repository. */
function withTransactions(keys: SignalAuthState["keys"]) {
  if (!("transaction" in keys)) throw new Error("The key store has no transactions");
  return keys;
}
