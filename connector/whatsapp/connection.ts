import { AsyncLocalStorage } from "node:async_hooks";
import {
  type BinaryNode,
  makeWASocket,
  type SignalKeyStore,
  type UserFacingSocketConfig,
  type WASocket,
} from "@whiskeysockets/baileys";
import { WebSocket } from "ws";
import type { KeyStore } from "../keys/key-store.ts";
import type { Log } from "../log/log.ts";
import type { ReceiptItem } from "../write/write.ts";
import { type Identity, identityOf } from "./identity.ts";
import { readMessageStanza } from "./message-stanza.ts";
import { type Credentials, isPaired, ownIdentity, signalKeyStore } from "./auth-state.ts";
import { type CloseReason, readCloseReason } from "./close-reason.ts";
import { decodeContent } from "./content.ts";
import type { DeviceCaches } from "./device-caches.ts";
import { deferReceiptAcks, serializeChats } from "./patches/deferred-acks.ts";
import { DeferredCommits } from "./patches/deferred-commits.ts";
import {
  allowConcurrentSends,
  lastReadBeforeStanza,
  ReadyRecipients,
  SendBarrier,
} from "./patches/concurrent-sends.ts";
import { detachLateWrites } from "./patches/detached-writes.ts";
import { trustingRootKey } from "./patches/root-key.ts";
import type { NetworkTarget } from "./network-target.ts";
import { socketConfigFor } from "./socket-config.ts";
import { signalRepository } from "./patches/signal-repository.ts";

/** What a link asks of, and tells, the session it belongs to. */
export interface ConnectionHandlers {
  onQr: (qr: string) => void;
  onOpen: (me: Identity) => void;
  /** The last thing a link says. */
  onClose: (reason: CloseReason) => void;
  onCredentials: (credentials: Credentials) => void;
  onMessage: () => void;
  /** Whether a message that came in is stored; waits for what is being stored. */
  isStored: (waMessageId: string) => Promise<boolean>;
  /** WhatsApp hears that a receipt arrived when this resolves. */
  onReceipts: (receipts: ReceiptItem[]) => Promise<unknown>;
  /** WhatsApp took a message, or refused it with this code. */
  onAck: (waMessageId: string, errorCode: string | undefined) => void;
  /** The base64 of a message that we sent, for whoever could not read it. */
  loadContent: (waMessageId: string) => Promise<string | null>;
}

export interface ConnectionOptions {
  target: NetworkTarget;
  credentials: Credentials;
  keys: KeyStore;
  caches: DeviceCaches;
  pingEveryMs: number;
  log: Log;
  handlers: ConnectionHandlers;
}

/** One WhatsApp Web connection, from its socket to its close. */
export class WhatsAppConnection {
  readonly #socket: WASocket;
  readonly #credentials: Credentials;
  readonly #keys: KeyStore;
  readonly #sending = new AsyncLocalStorage<SendBarrier>();
  readonly #commits = new DeferredCommits();
  readonly #ready = new ReadyRecipients();
  /** Incoming stanzas by the encrypted bytes in them, which is all a decryption knows. */
  readonly #stanzas = new WeakMap<Uint8Array, BinaryNode>();
  #heardAt = performance.now();
  #closed = false;

  constructor(options: ConnectionOptions) {
    this.#credentials = options.credentials;
    this.#keys = options.keys;
    const { target } = options;
    const open = () => makeWASocket(this.#config(options));
    this.#socket =
      target.network === "sandbox" && target.rootKey !== undefined
        ? trustingRootKey(target.rootKey, open)
        : open();
    allowConcurrentSends(
      this.#socket.authState.keys,
      () => this.#sending.getStore()?.alone === false,
    );
    detachLateWrites(this.#socket.authState.keys);
    this.#listen(options.handlers);
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** How long the other side has been silent. */
  get silentMs(): number {
    return performance.now() - this.#heardAt;
  }

  /**
   * Encrypts and sends a message under this id. `mayLeave` is awaited before the stanza leaves,
   * and nothing leaves when it rejects. Resolves when the stanza is written to the socket.
   */
  async send(message: {
    to: string;
    waMessageId: string;
    content: string;
    intentCommitted: Promise<unknown>;
  }): Promise<void> {
    const { to, waMessageId, intentCommitted } = message;
    const sending = new SendBarrier({ recorded: intentCommitted, alone: !this.#ready.has(to) });
    await this.#sending.run(sending, () =>
      this.#socket.relayMessage(to, decodeContent(message.content), { messageId: waMessageId }),
    );
    sending.assertReleased();
    this.#ready.add(to);
  }

  /** The address of a phone number as WhatsApp writes it; undefined when it is not there. */
  async findPhone(phone: string): Promise<Identity | undefined> {
    const found = (await this.#socket.onWhatsApp(phone))?.find((entry) => entry.exists);
    if (found === undefined) return undefined;
    const lid = await this.#socket.signalRepository.lidMapping.getLIDForPN(found.jid);
    return identityOf(found.jid, lid);
  }

  /** Adds the other identity of someone, when an earlier message or query told it. */
  async complete(identity: Identity): Promise<Identity> {
    const { phone, lid } = identity;
    if (phone !== null && lid === null) {
      const { [phone]: user } = await this.#keys.get("lid-mapping", [phone]);
      return typeof user === "string" ? { phone, lid: `${user}@lid` } : identity;
    }
    if (phone === null && lid !== null) {
      const key = `${lid.slice(0, lid.indexOf("@"))}_reverse`;
      const { [key]: user } = await this.#keys.get("lid-mapping", [key]);
      return typeof user === "string" ? { phone: user, lid } : identity;
    }
    return identity;
  }

  /** Eight characters to type into the phone. Works once a QR was shown. */
  requestPairingCode(phone: string): Promise<string> {
    return this.#socket.requestPairingCode(phone);
  }

  /** Unlinks this device. The link closes as logged out. */
  logout(): Promise<void> {
    return this.#socket.logout();
  }

  /** Ends politely; the close is told like any other. */
  close(): void {
    void this.#socket.end(undefined).catch(() => this.terminate());
  }

  /** Ends at once, without a word to the other side. */
  terminate(): void {
    terminateSocket(this.#socket);
    void this.#socket.end(undefined).catch(() => undefined);
  }

  #config(options: ConnectionOptions): UserFacingSocketConfig {
    const { credentials, keys, handlers } = options;
    return {
      ...socketConfigFor(options),
      ...options.caches,
      auth: { creds: credentials, keys: this.#storeOf(keys) },
      getMessage: async ({ id }) => {
        const content = id ? await handlers.loadContent(id) : null;
        return content === null ? undefined : decodeContent(content);
      },
      makeSignalRepository: signalRepository({
        commits: this.#commits,
        waitFor: async (committed) => {
          const sending = this.#sending.getStore();
          await (sending === undefined ? committed : sending.waitFor(committed));
        },
        isSending: () => this.#sending.getStore() !== undefined,
        isStored: async (ciphertext) => {
          const id = this.#stanzas.get(ciphertext)?.attrs["id"];
          return id !== undefined && (await handlers.isStored(id));
        },
        readMessageStanza: async (ciphertext, plaintext) => {
          const stanza = this.#stanzas.get(ciphertext);
          if (stanza === undefined) return undefined;
          const message = await readMessageStanza({
            stanza,
            plaintext,
            me: ownIdentity(this.#credentials),
            complete: (identity) => this.complete(identity),
          });
          if (message !== undefined) handlers.onMessage();
          return message;
        },
      }),
    };
  }

  #storeOf(keys: KeyStore): SignalKeyStore {
    return signalKeyStore(keys, {
      commits: this.#commits,
      beforeRead: async (type) => {
        if (type === lastReadBeforeStanza) await this.#sending.getStore()?.release();
      },
    });
  }

  #listen(handlers: ConnectionHandlers): void {
    const { ev, ws } = this.#socket;
    ev.on("creds.update", () => {
      if (isPaired(this.#credentials)) handlers.onCredentials(this.#credentials);
    });
    ev.on("connection.update", ({ qr, connection, lastDisconnect }) => {
      if (qr !== undefined) handlers.onQr(qr);
      if (connection === "open") handlers.onOpen(ownIdentity(this.#credentials));
      if (connection === "close") {
        this.#closed = true;
        handlers.onClose(readCloseReason(lastDisconnect?.error));
      }
    });

    // Told before anything else sees the stanza.
    ws.on("frame", (node: BinaryNode | Uint8Array) => {
      this.#heardAt = performance.now();
      if (node instanceof Uint8Array || node.tag !== "message" || !Array.isArray(node.content))
        return;
      for (const { tag, content } of node.content) {
        if (tag === "enc" && content instanceof Uint8Array) this.#stanzas.set(content, node);
      }
    });
    ws.on("CB:ack,class:message", ({ attrs }: BinaryNode) => {
      if (attrs["id"] !== undefined) handlers.onAck(attrs["id"], attrs["error"]);
    });
    deferReceiptAcks(ws, { me: () => ownIdentity(this.#credentials), store: handlers.onReceipts });
    serializeChats(ws);
  }
}

/** Baileys' client keeps its websocket private by type, and has no way to end it at once. */
function terminateSocket({ ws }: WASocket): void {
  const websocket: unknown = Reflect.get(ws, "socket");
  if (websocket instanceof WebSocket) websocket.terminate();
}
