import {
  type AuthenticationState,
  type BaileysEventMap,
  type BinaryNode,
  makeWASocket,
  type WAMessage,
  type WASocket,
  type UserFacingSocketConfig,
} from "@whiskeysockets/baileys";
import { pino } from "pino";
import { silenceLibsignal } from "../../shared/silence-libsignal.ts";
import { EventLog } from "./event-log.ts";
import { memoryAuth } from "./memory-auth.ts";

interface Events {
  connection: BaileysEventMap["connection.update"];
  history: BaileysEventMap["messaging-history.set"];
  message: WAMessage;
  status: { id: string; status: number };
  ack: BinaryNode;
  receipt: BinaryNode;
}

/** A little longer than Baileys waits before it emits what it has buffered. */
const flushEveryMs = 150;

/** A release of Baileys. */
export interface Library {
  makeWASocket: typeof makeWASocket;
}

/**
 * An unmodified Baileys client. It reconnects after the 515 that ends a pairing, and records its
 * events so that a test can wait for them.
 */
export class TestClient {
  readonly auth: AuthenticationState;
  readonly #url: string;
  readonly #config: Partial<UserFacingSocketConfig>;
  readonly #library: Library;
  readonly #log = new EventLog<Events>();
  socket: WASocket;

  /**
   * A client that is not linked, unless `config` has the `auth` of one that is.
   * @param library another release than the one that the product uses
   */
  constructor(
    url: string,
    config: Partial<UserFacingSocketConfig> = {},
    library: Library = { makeWASocket },
  ) {
    silenceLibsignal();
    this.#url = url;
    this.#config = config;
    this.#library = library;
    this.auth = config.auth ?? memoryAuth();
    this.socket = this.#connect();
  }

  get jid(): string {
    return this.auth.creds.me?.id ?? "";
  }

  qr(): Promise<string> {
    return this.#log.next("connection", ({ qr }) => qr);
  }

  async open(): Promise<void> {
    await this.#log.next("connection", ({ connection }) => connection === "open");
  }

  /** The status code of the next close, as a Baileys `DisconnectReason`. */
  closeCode(): Promise<number> {
    return this.#log.next("connection", ({ lastDisconnect }) => statusCode(lastDisconnect?.error));
  }

  text(text: string): Promise<WAMessage> {
    return this.#log.next("message", (entry) => textOf(entry.message) === text && entry);
  }

  /** The next message that `pick` returns true for. */
  message(pick: (message: WAMessage) => boolean): Promise<WAMessage> {
    return this.#log.next("message", (entry) => pick(entry) && entry);
  }

  /** Waits until a message from this client has this status (0 error, 3 delivered, 4 read). */
  async status(id: string, status: number): Promise<void> {
    await this.#log.next("status", (update) => update.id === id && update.status === status);
  }

  history(): Promise<BaileysEventMap["messaging-history.set"]> {
    return this.#log.next("history", (history) => history);
  }

  ack(id: string): Promise<BinaryNode> {
    return this.#log.next("ack", (node) => node.attrs["id"] === id && node);
  }

  receipt(id: string, type?: string): Promise<BinaryNode> {
    return this.#log.next(
      "receipt",
      (node) => node.attrs["id"] === id && node.attrs["type"] === type && node,
    );
  }

  /** Sends a text, waits for the server's ack, and returns the message id. */
  async send(to: string, text: string): Promise<string> {
    const sent = await this.socket.sendMessage(to, { text });
    const id = sent?.key.id ?? "";
    await this.ack(id);
    return id;
  }

  reconnect(): void {
    this.socket = this.#connect();
  }

  async close(): Promise<void> {
    await this.socket.end(undefined);
  }

  #connect(): WASocket {
    const socket = this.#library.makeWASocket({
      ...this.#config,
      auth: this.auth,
      waWebSocketUrl: this.#url,
      logger: pino({ level: process.env["BAILEYS_LOG"] ?? "silent" }),
      markOnlineOnConnect: false,
    });
    const log = this.#log;
    socket.ev.on("creds.update", (update) => void Object.assign(this.auth.creds, update));
    socket.ev.on("connection.update", (update) => {
      // The server closes the connection with 515 at the end of a pairing.
      if (statusCode(update.lastDisconnect?.error) === 515) this.reconnect();
      else log.add("connection", update);
    });
    socket.ev.on("messages.upsert", ({ messages }) => {
      for (const message of messages) {
        log.add("message", message);
        // Baileys merges an early receipt into the upsert of the sent message.
        log.add("status", { id: message.key.id ?? "", status: Number(message.status) });
      }
    });
    socket.ev.on("messages.update", (updates) => {
      for (const { key, update } of updates) {
        log.add("status", { id: key.id ?? "", status: Number(update.status) });
      }
    });
    socket.ev.on("messaging-history.set", (set) => log.add("history", set));
    socket.ws.on("CB:ack,class:message", (node: BinaryNode) => log.add("ack", node));
    socket.ws.on("CB:receipt", (node: BinaryNode) => log.add("receipt", node));
    keepFlushing(socket);
    return socket;
  }
}

/**
 * Emits what Baileys has buffered, in case it forgets to: when its timer for that ends while nothing is
 * buffered, as on a busy machine after a login, it never sets another one (`flushPendingTimeout` in
 * 7.0.0-rc14), and events wait for 30 seconds.
 */
function keepFlushing({ ev }: WASocket): void {
  const timer = setInterval(() => ev.flush(), flushEveryMs).unref();
  ev.on("connection.update", ({ connection }) => {
    if (connection === "close") clearInterval(timer);
  });
}

function statusCode(error: Error | undefined): number | undefined {
  if (!error || !("output" in error)) return undefined;
  const { output } = error;
  const known = typeof output === "object" && output !== null && "statusCode" in output;
  return known ? Number(output.statusCode) : undefined;
}

export function textOf(message: WAMessage["message"]): string | null | undefined {
  return message?.conversation ?? message?.extendedTextMessage?.text;
}
