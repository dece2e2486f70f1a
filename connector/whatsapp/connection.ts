import { AsyncLocalStorage } from "node:async_hooks";
import type { BinaryNode, WASocket } from "@whiskeysockets/baileys";
import { WebSocket } from "ws";
import type { KeyStore } from "../keys/key-store.ts";
import { type Credentials, isPaired, ownIdentity } from "./auth-state.ts";
import { readCloseReason } from "./close-reason.ts";
import type { ConnectionHandlers, ConnectionOptions } from "./connection-options.ts";
import { decodeContent } from "./content.ts";
import { type Identity, identityOf } from "./identity.ts";
import { completeIdentity } from "./lid-mapping.ts";
import { openSocket } from "./open-socket.ts";
import { RecentRecipients } from "./patches/concurrent-sends.ts";
import { requestPairingCode } from "./patches/pairing-code.ts";
import { SendBarrier } from "./send-barrier.ts";

/** One WhatsApp Web connection, from its socket to its close. */
export class WhatsAppConnection {
  readonly #socket: WASocket;
  readonly #credentials: Credentials;
  readonly #keys: KeyStore;
  readonly #currentSend = new AsyncLocalStorage<SendBarrier>();
  readonly #recentRecipients = new RecentRecipients();
  #lastFrameAt = performance.now();
  #closed = false;

  constructor(options: ConnectionOptions) {
    this.#credentials = options.credentials;
    this.#keys = options.keys;
    this.#socket = openSocket(options, this.#currentSend);
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
   * Encrypts and sends a message under this id. The stanza is written after `intentCommitted`, and
   * not at all when that rejects. Resolves when the stanza is written to the socket.
   */
  async send(message: {
    to: string;
    waMessageId: string;
    content: string;
    intentCommitted: Promise<unknown>;
  }): Promise<void> {
    const { to, waMessageId, intentCommitted } = message;
    const exclusive = !this.#recentRecipients.has(to);
    const barrier = new SendBarrier({ intentCommitted, exclusive });
    await this.#currentSend.run(barrier, () =>
      this.#socket.relayMessage(to, decodeContent(message.content), { messageId: waMessageId }),
    );
    barrier.assertPassed();
    this.#recentRecipients.add(to);
  }

  /** Who has this phone number; undefined when it is not on WhatsApp. */
  async findPhone(phone: string): Promise<Identity | undefined> {
    const found = (await this.#socket.onWhatsApp(phone))?.find((entry) => entry.exists);
    if (found === undefined) return undefined;
    const lid = await this.#socket.signalRepository.lidMapping.getLIDForPN(found.jid);
    return identityOf(found.jid, lid);
  }

  /** Adds the other identity of a person when an earlier message or query told it. */
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

  /** Closes the WebSocket with a closing handshake; `onClose` is called as for any other close. */
  close(): void {
    void this.#socket.end(undefined).catch(() => this.terminate());
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
        handlers.onClose(readCloseReason(lastDisconnect?.error));
      }
    });
    ws.on("frame", () => {
      this.#lastFrameAt = performance.now();
    });
    ws.on("CB:ack,class:message", ({ attrs }: BinaryNode) => {
      if (attrs["id"] !== undefined) handlers.onAck(attrs["id"], attrs["error"]);
    });
  }
}

/** Baileys' client keeps its WebSocket private by type, and cannot end it at once. */
function terminateSocket({ ws }: WASocket): void {
  const webSocket: unknown = Reflect.get(ws, "socket");
  if (webSocket instanceof WebSocket) webSocket.terminate();
}
