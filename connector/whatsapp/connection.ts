import { AsyncLocalStorage } from "node:async_hooks";
import type { Readable } from "node:stream";
import type { BinaryNode, WASocket } from "@whiskeysockets/baileys";
import type { KeyStore } from "../keys/key-store.ts";
import type { AddressSpace } from "./address-space.ts";
import { type Credentials, isPaired, ownIdentity } from "./auth-state.ts";
import { readCloseReason } from "./close-reason.ts";
import type { ConnectionHandlers, ConnectionOptions } from "./connection-options.ts";
import { type Identity, identityOf } from "./identity.ts";
import { completeIdentity } from "./lid-mapping.ts";
import { MessageSender, type OutgoingMessage } from "./message-sender.ts";
import { openSocket } from "./open-socket.ts";
import { downloadMedia, type MessageKey, requestReupload } from "./download-media.ts";
import type { EncryptedFile } from "./incoming-media.ts";
import type { NetworkTarget } from "./network-target.ts";
import { uploadMedia } from "./outgoing-media.ts";
import { requestPairingCode } from "./patches/pairing-code.ts";
import type { SendBarrier } from "./send-barrier.ts";
import { terminateSocket } from "./terminate-socket.ts";

/** One WhatsApp Web connection, from its socket to its close. */
export class WhatsAppConnection {
  readonly #socket: WASocket;
  readonly #credentials: Credentials;
  readonly #keys: KeyStore;
  readonly #sender: MessageSender;
  readonly #closeMs: number;
  readonly #target: NetworkTarget;
  #lastFrameAt = performance.now();
  #hasResponded = false;
  #closed = false;

  constructor(options: ConnectionOptions) {
    this.#credentials = options.credentials;
    this.#keys = options.keys;
    this.#closeMs = options.closeMs;
    this.#target = options.target;
    const { credentials, keys, log, handlers } = options;
    const currentSend = new AsyncLocalStorage<SendBarrier>();
    const onAddressing = (space: AddressSpace) => {
      if (credentials.addressing === space) return;
      credentials.addressing = space;
      if (isPaired(credentials)) handlers.onCredentials(credentials);
    };
    this.#socket = openSocket(options, { currentSend, onAddressing });
    this.#sender = new MessageSender({
      socket: this.#socket,
      currentSend,
      credentials,
      keys,
      log,
      onAddressing,
      onAck: handlers.onAck,
    });
    this.#listen(options.handlers);
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** How long ago the last frame came. */
  get silentMs(): number {
    return performance.now() - this.#lastFrameAt;
  }

  /**
   * Encrypts and sends a message under this id, to the address that the account uses for the
   * person. Resolves when the stanza is written to the socket.
   */
  send(message: OutgoingMessage): Promise<void> {
    return this.#sender.send(message);
  }

  /** Uploads the file of a message and returns the content with its address. */
  uploadMedia(content: string, openFile: () => Promise<Readable>): Promise<string> {
    return uploadMedia(this.#socket, content, openFile);
  }

  /** The decrypted bytes of a received file. Throws DownloadRefused, and DamagedFile at the end. */
  downloadMedia(
    file: EncryptedFile,
    options: { idleMs: number; signal: AbortSignal },
  ): Promise<AsyncIterable<Uint8Array>> {
    return downloadMedia(this.#socket, file, { ...options, target: this.#target });
  }

  /** Has the phone upload a file again; returns its new path. Throws ReuploadRefused. */
  requestReupload(options: {
    key: MessageKey;
    content: string;
    timeoutMs: number;
  }): Promise<string> {
    return requestReupload(this.#socket, options);
  }

  /** Who has this phone number; undefined when it is not on WhatsApp. */
  async findPhone(phone: string): Promise<Identity | undefined> {
    const found = (await this.#socket.onWhatsApp(phone))?.find((entry) => entry.exists);
    if (found === undefined) return undefined;
    const lid = await this.#socket.signalRepository.lidMapping.getLIDForPN(found.jid);
    return identityOf(found.jid, lid);
  }

  /** Adds the other identity of a person when an earlier message or query contained it. */
  complete(identity: Identity): Promise<Identity> {
    return completeIdentity(identity, this.#keys);
  }

  /** Eight characters to enter on the phone. Throws an ApiError when WhatsApp refuses. */
  requestPairingCode(phone: string): Promise<string> {
    return requestPairingCode(this.#socket, this.#credentials, phone);
  }

  /** Unlinks this device. The connection closes as logged out. */
  logout(): Promise<void> {
    return this.#socket.logout();
  }

  /**
   * Closes the WebSocket with a closing handshake, or without one when the peer does not take part.
   * Resolves when the socket is closed; `onClose` is called as for any other close.
   */
  async close(): Promise<void> {
    const timer = setTimeout(() => terminateSocket(this.#socket), this.#closeMs);
    await this.#socket.end(undefined).catch(() => this.terminate());
    clearTimeout(timer);
  }

  /** Closes at once, without a closing handshake. */
  terminate(): void {
    terminateSocket(this.#socket);
    void this.#socket.end(undefined).catch(() => undefined);
  }

  #listen(handlers: ConnectionHandlers): void {
    const { ev, ws } = this.#socket;
    ev.on("creds.update", () => {
      if (isPaired(this.#credentials)) handlers.onCredentials(this.#credentials);
    });
    ev.on("connection.update", ({ qr, connection, lastDisconnect }) => {
      // Baileys' timer for the next QR code goes on after the pairing.
      if (qr !== undefined && !isPaired(this.#credentials)) handlers.onQr(qr);
      if (connection === "open") handlers.onOpen(ownIdentity(this.#credentials));
      if (connection === "close") {
        this.#closed = true;
        handlers.onClose(
          readCloseReason(lastDisconnect?.error, { hasResponded: this.#hasResponded }),
        );
      }
    });
    ws.on("frame", () => {
      this.#hasResponded = true;
      this.#lastFrameAt = performance.now();
    });
    ws.on("CB:ack,class:message", ({ attrs }: BinaryNode) => {
      if (attrs["id"] !== undefined) this.#sender.acknowledge(attrs["id"], attrs["error"]);
    });
  }
}
