import { randomBytes } from "node:crypto";
import { type AuthenticationState, type BinaryNode, makeWASocket } from "@whiskeysockets/baileys";
import { pino } from "pino";
import { memoryAuth } from "../../sandbox/testing/memory-auth.ts";

/** Unmodified Baileys with its keys in memory: the least that a session can cost. */
export class BareSession {
  readonly qr = Promise.withResolvers<string>();
  readonly open = Promise.withResolvers<number>();
  readonly #auth: AuthenticationState = memoryAuth();
  readonly #url: string;
  readonly #onText: (text: string) => void;
  readonly #acks = new Map<string, () => void>();
  #socket: ReturnType<typeof makeWASocket>;
  /** Messages that have no delivery receipt yet. */
  readonly #undelivered = new Set<string>();
  #onDelivered: (() => void) | undefined;

  constructor(url: string, onText: (text: string) => void) {
    this.#url = url;
    this.#onText = onText;
    this.#socket = this.#connect();
  }

  /** Resolves when the network has acknowledged the message. */
  async send(to: string, text: string): Promise<void> {
    const messageId = `3EB0${randomBytes(9).toString("hex").toUpperCase()}`;
    const acknowledged = new Promise<void>((resolve) => {
      this.#acks.set(messageId, resolve);
    });
    this.#undelivered.add(messageId);
    await this.#socket.sendMessage(`${to}@s.whatsapp.net`, { text }, { messageId });
    await acknowledged;
  }

  /** Resolves when every message that was sent has its delivery receipt. */
  async delivered(): Promise<void> {
    if (this.#undelivered.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onDelivered = resolve;
    });
  }

  #connect(): ReturnType<typeof makeWASocket> {
    const socket = makeWASocket({
      auth: this.#auth,
      waWebSocketUrl: this.#url,
      logger: pino({ level: "silent" }),
      markOnlineOnConnect: false,
    });
    socket.ev.on("creds.update", (update) => void Object.assign(this.#auth.creds, update));
    socket.ev.on("connection.update", ({ qr, connection }) => {
      if (qr !== undefined) this.qr.resolve(qr);
      if (connection === "open") this.open.resolve(performance.now());
      // The server ends a pairing by closing the connection; the client logs in on a new one.
      if (connection === "close") this.#socket = this.#connect();
    });
    socket.ev.on("messages.upsert", ({ messages }) => {
      for (const { message } of messages) {
        const text = message?.conversation ?? message?.extendedTextMessage?.text;
        if (typeof text === "string") this.#onText(text);
      }
    });
    socket.ws.on("CB:ack,class:message", ({ attrs }: BinaryNode) => {
      const id = attrs["id"] ?? "";
      this.#acks.get(id)?.();
      this.#acks.delete(id);
    });
    socket.ws.on("CB:receipt", ({ attrs }: BinaryNode) => {
      this.#undelivered.delete(attrs["id"] ?? "");
      if (this.#undelivered.size === 0) this.#onDelivered?.();
    });
    return socket;
  }
}
