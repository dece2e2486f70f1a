import { rm } from "node:fs/promises";
import {
  type AuthenticationState,
  DisconnectReason,
  makeCacheableSignalKeyStore,
  makeWASocket,
  useMultiFileAuthState,
  type WAMessage,
} from "@whiskeysockets/baileys";
import { pino } from "pino";

const logger = pino({ level: "silent" });

interface SessionSettings {
  id: string;
  networkUrl: string;
  directory: string;
  emit: (event: { type: string; data: Record<string, unknown> }) => void;
}

/** One session as the examples of Baileys write it, with its keys in files. */
export class PlainSession {
  state: "connecting" | "connected" | "logged_out" = "connecting";
  readonly #settings: SessionSettings;
  readonly #auth: AuthenticationState;
  readonly #saveCreds: () => Promise<void>;
  #firstQr = Promise.withResolvers<string>();
  #socket: ReturnType<typeof makeWASocket>;
  #stopped = false;

  static async open(settings: SessionSettings): Promise<PlainSession> {
    const { state, saveCreds } = await useMultiFileAuthState(settings.directory);
    return new PlainSession(settings, state, saveCreds);
  }

  private constructor(
    settings: SessionSettings,
    auth: AuthenticationState,
    saveCreds: () => Promise<void>,
  ) {
    this.#settings = settings;
    this.#auth = auth;
    this.#saveCreds = saveCreds;
    this.#socket = this.#connect();
  }

  get qr(): Promise<string> {
    return this.#firstQr.promise;
  }

  /** Resolves with the id once the message is written to the socket. */
  async sendText(to: string, text: string): Promise<string> {
    const sent = await this.#socket.sendMessage(`${to}@s.whatsapp.net`, { text });
    const id = sent?.key.id ?? "";
    this.#emit("message.sent", { id, to, message: text });
    return id;
  }

  async delete(): Promise<void> {
    this.#stopped = true;
    await this.#socket.logout().catch(() => undefined); // It may not be connected.
    await rm(this.#settings.directory, { recursive: true, force: true });
  }

  #connect(): ReturnType<typeof makeWASocket> {
    const socket = makeWASocket({
      auth: {
        creds: this.#auth.creds,
        keys: makeCacheableSignalKeyStore(this.#auth.keys, logger),
      },
      waWebSocketUrl: this.#settings.networkUrl,
      logger,
      markOnlineOnConnect: false,
    });
    socket.ev.on("creds.update", () => void this.#saveCreds());
    socket.ev.on("connection.update", ({ connection, qr, lastDisconnect }) => {
      if (qr !== undefined) this.#firstQr.resolve(qr);
      if (connection === "open") {
        this.state = "connected";
        this.#emit("session.connected", {});
      }
      if (connection === "close") this.#closed(lastDisconnect?.error);
    });
    socket.ev.on("messages.upsert", ({ type, messages }) => {
      if (type !== "notify") return;
      for (const message of messages) this.#received(message);
    });
    return socket;
  }

  #closed(error: unknown): void {
    if (this.#stopped) return;
    const { output } = (error ?? {}) as { output?: { statusCode?: number } };
    this.state = output?.statusCode === DisconnectReason.loggedOut ? "logged_out" : "connecting";
    if (this.state === "connecting") this.#socket = this.#connect();
  }

  #received({ key, message }: WAMessage): void {
    const text = message?.conversation ?? message?.extendedTextMessage?.text;
    if (key.fromMe === true || text === undefined || text === null) return;
    this.#emit("message.received", { id: key.id, from: key.remoteJid, message: text });
  }

  #emit(type: string, data: Record<string, unknown>): void {
    this.#settings.emit({ type, data: { session_id: this.#settings.id, ...data } });
  }
}
