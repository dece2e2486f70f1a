import type { AsyncLocalStorage } from "node:async_hooks";
import {
  type BinaryNode,
  makeWASocket,
  type SignalKeyStore,
  type WASocket,
} from "@whiskeysockets/baileys";
import { mask } from "../log/mask.ts";
import { isLidMigration, readAccountAddressing } from "./account-addressing.ts";
import type { AddressSpace } from "./address-space.ts";
import { ownIdentity, signalKeyStore } from "./auth-state.ts";
import type { ConnectionOptions } from "./connection-options.ts";
import { decodeContent } from "./content.ts";
import { IncomingStanzas } from "./incoming-stanzas.ts";
import { RequestedCopies } from "./requested-copies.ts";
import { sendTypedPresence } from "./patches/typed-presence.ts";
import { completeIdentity } from "./lid-mapping.ts";
import { readMessageStanza } from "./message-stanza.ts";
import { beforeStanzaWrite } from "./patches/before-stanza-write.ts";
import { closeOnFailure, closeWithoutKeys } from "./patches/close-without-keys.ts";
import { allowConcurrentSends } from "./patches/concurrent-sends.ts";
import { DeferredCommits } from "./patches/deferred-commits.ts";
import { detachLateWrites } from "./patches/detached-writes.ts";
import { keepChatsInOrder } from "./patches/message-order.ts";
import { handleNotificationsBeforeLogin } from "./patches/notifications-before-login.ts";
import { storeBeforePairingReply } from "./patches/pairing-reply.ts";
import { showCurrentSecret } from "./patches/qr-secret.ts";
import { acknowledgeStoredReceipts } from "./patches/receipt-acks.ts";
import { withTrustedRootKey } from "./patches/root-key.ts";
import { type RepositoryHooks, signalRepository } from "./patches/signal-repository.ts";
import type { SendBarrier } from "./send-barrier.ts";
import { socketConfigFor } from "./socket-config.ts";
import { terminateSocket } from "./terminate-socket.ts";

export interface SocketHooks {
  /** Holds the barrier of the message that is being sent. */
  currentSend: AsyncLocalStorage<SendBarrier>;
  /** WhatsApp sent the address space that the account's direct chats use. */
  onAddressing: (space: AddressSpace) => void;
}

/** Opens a Baileys socket with everything in patches/. */
export function openSocket(options: ConnectionOptions, hooks: SocketHooks): WASocket {
  const { target, credentials, handlers } = options;
  const { currentSend, onAddressing } = hooks;
  const commits = new DeferredCommits();
  const close = (cause: unknown) => {
    options.log.warn({ event: "keys_unavailable", err: cause }, "closing, to get messages again");
    terminateSocket(socket);
  };
  const storedKeys = signalKeyStore(closeWithoutKeys(options.keys, close), commits);
  const keys = beforeStanzaWrite(storedKeys, () => currentSend.getStore()?.pass());
  let stanzas: IncomingStanzas | undefined;
  let copies: RequestedCopies | undefined;
  const makeSignalRepository = signalRepository({
    commits,
    locks: options.locks.signalSessions,
    onNotDecrypted: (ciphertext, reason) => {
      options.log.warn({ event: "not_decrypted", reason: mask(reason) }, "requesting it again");
      copies?.note(stanzas?.find(ciphertext)?.attrs["id"] ?? "");
    },
    isSending: () => currentSend.getStore() !== undefined,
    waitForCommit: async (committed) => {
      const barrier = currentSend.getStore();
      await (barrier === undefined ? committed : barrier.add(committed));
    },
    ...messageHooks(options, {
      onAddressing,
      find: (ciphertext) => stanzas?.find(ciphertext),
      close,
    }),
  });

  const open = () => makeWASocket(socketConfig(options, keys, makeSignalRepository));
  const socket =
    target.network === "sandbox" && target.rootKey !== undefined
      ? withTrustedRootKey(target.rootKey, open)
      : open();
  allowConcurrentSends(socket.authState.keys, () => currentSend.getStore()?.exclusive === false);
  detachLateWrites(socket.authState.keys);
  stanzas = new IncomingStanzas(socket.ws);
  socket.ws.on("frame", (frame: BinaryNode | Uint8Array) => {
    const space = frame instanceof Uint8Array ? undefined : readAccountAddressing(frame);
    if (space !== undefined) onAddressing(space);
  });
  acknowledgeStoredReceipts(socket.ws, {
    me: () => ownIdentity(credentials),
    store: handlers.onReceipts,
  });
  copies = new RequestedCopies(socket.ws);
  keepChatsInOrder(socket.ws, { chats: options.locks.chats, copies });
  storeBeforePairingReply(socket, handlers.onPaired);
  sendTypedPresence(socket, credentials);
  const qrSecret = showCurrentSecret(socket.ev, credentials);
  handleNotificationsBeforeLogin(socket, credentials, { onSecretRetired: qrSecret.renew });
  return socket;
}

function messageHooks(
  { credentials, keys, handlers }: ConnectionOptions,
  {
    find,
    onAddressing,
    close,
  }: Pick<IncomingStanzas, "find"> &
    Pick<SocketHooks, "onAddressing"> & { close: (cause: unknown) => void },
): Pick<RepositoryHooks, "isStored" | "readMessage"> {
  return {
    isStored: async (ciphertext) => {
      const id = find(ciphertext)?.attrs["id"];
      return id !== undefined && (await closeOnFailure(handlers.isStored(id), close));
    },
    readMessage: async (ciphertext, plaintext) => {
      const stanza = find(ciphertext);
      if (stanza === undefined) return undefined;
      if (stanza.attrs["category"] === "peer" && isLidMigration(plaintext)) onAddressing("lid");
      const message = await readMessageStanza({
        stanza,
        plaintext,
        me: ownIdentity(credentials),
        complete: (identity) => completeIdentity(identity, keys),
      });
      if (message !== undefined) handlers.onMessage();
      return message;
    },
  };
}

function socketConfig(
  options: ConnectionOptions,
  keys: SignalKeyStore,
  makeSignalRepository: ReturnType<typeof signalRepository>,
): Parameters<typeof makeWASocket>[0] {
  return {
    ...socketConfigFor(options),
    ...options.caches,
    auth: { creds: options.credentials, keys },
    getMessage: async ({ id }) => {
      const content = id ? await options.handlers.loadContent(id) : null;
      return content === null ? undefined : decodeContent(content);
    },
    makeSignalRepository,
  };
}
