import {
  type AuthenticationState,
  type BaileysEventMap,
  type BinaryNode,
  initAuthCreds,
  makeWASocket,
  type SignalDataSet,
  type SignalDataTypeMap,
  type WAMessage,
  type WASocket,
} from "@whiskeysockets/baileys";
import { pino } from "pino";

/** Credentials and keys in memory; they outlive a client's sockets, as a real client's store does. */
export function memoryAuth(): AuthenticationState {
  const values = new Map<string, unknown>();
  return {
    creds: initAuthCreds(),
    keys: {
      get: <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) => {
        const found: { [id: string]: SignalDataTypeMap[T] } = {};
        for (const id of ids) {
          const value = values.get(`${type}/${id}`);
          if (value !== undefined) found[id] = value as SignalDataTypeMap[T];
        }
        return found;
      },
      set: (data: SignalDataSet) => {
        for (const [type, entries] of Object.entries(data)) {
          for (const [id, value] of Object.entries(entries ?? {})) {
            if (value === null) values.delete(`${type}/${id}`);
            else values.set(`${type}/${id}`, value);
          }
        }
      },
    },
  };
}

type Events = BaileysEventMap & { ack: BinaryNode; receipt: BinaryNode };
type EventName = keyof Events;
interface Waiter {
  name: EventName;
  test: (value: never) => unknown;
  resolve: (value: unknown) => void;
}

/** Unmodified Baileys, restarted when the server asks for it, with everything it said kept to wait on. */
export class TestClient {
  readonly auth: AuthenticationState;
  readonly #url: string;
  readonly #history: { name: EventName; value: unknown }[] = [];
  readonly #waiters = new Set<Waiter>();
  socket: WASocket;

  constructor(url: string, auth: AuthenticationState = memoryAuth()) {
    this.#url = url;
    this.auth = auth;
    this.socket = this.#connect();
  }

  get jid(): string {
    return this.auth.creds.me?.id ?? "";
  }

  /** The first event of this name, past or to come, that passes the test and was not awaited yet. */
  next<N extends EventName, R>(
    name: N,
    test: (value: Events[N]) => R | undefined | false | null,
  ): Promise<R> {
    for (const [index, event] of this.#history.entries()) {
      if (event.name !== name) continue;
      const found = test(event.value as Events[N]);
      if (found) {
        this.#history.splice(index, 1);
        return Promise.resolve(found);
      }
    }
    return new Promise((resolve) => {
      this.#waiters.add({
        name,
        test: test as (value: never) => unknown,
        resolve: resolve as (value: unknown) => void,
      });
    });
  }

  qr(): Promise<string> {
    return this.next("connection.update", ({ qr }) => qr);
  }

  async open(): Promise<void> {
    await this.next("connection.update", ({ connection }) => connection === "open");
  }

  /** The status code of the next close. */
  closeCode(): Promise<number> {
    return this.next("connection.update", ({ connection, lastDisconnect }) => {
      const error = lastDisconnect?.error;
      if (connection !== "close" || !error || !("output" in error)) return undefined;
      return (error.output as { statusCode: number }).statusCode;
    });
  }

  message(test: (message: WAMessage) => unknown): Promise<WAMessage> {
    return this.next("messages.upsert", ({ messages }) => messages.find((entry) => test(entry)));
  }

  text(text: string): Promise<WAMessage> {
    return this.message(({ message }) => textOf(message) === text);
  }

  /** Waits until a message of ours has reached this status (3 delivered, 4 read). */
  async status(id: string, status: number): Promise<void> {
    await this.next("messages.update", (updates) =>
      updates.some(({ key, update }) => key.id === id && update.status === status),
    );
  }

  ack(id: string): Promise<BinaryNode> {
    return this.next("ack", (node) => node.attrs["id"] === id && node);
  }

  receipt(id: string, type?: string): Promise<BinaryNode> {
    return this.next("receipt", ({ attrs, ...rest }) =>
      attrs["id"] === id && attrs["type"] === type ? { attrs, ...rest } : undefined,
    );
  }

  reconnect(): void {
    this.socket = this.#connect();
  }

  async close(): Promise<void> {
    await this.socket.end(undefined);
  }

  #connect(): WASocket {
    const socket = makeWASocket({
      auth: this.auth,
      waWebSocketUrl: this.#url,
      logger: pino({ level: process.env["BAILEYS_LOG"] ?? "silent" }),
      markOnlineOnConnect: false,
    });
    socket.ev.on("creds.update", (update) => void Object.assign(this.auth.creds, update));
    socket.ev.process((events) => {
      for (const [name, value] of Object.entries(events)) {
        // `process` passes events of its own map only.
        this.#emit(name as EventName, value);
      }
      const error = events["connection.update"]?.lastDisconnect?.error;
      const code =
        error && "output" in error ? (error.output as { statusCode: number }).statusCode : 0;
      if (code === 515) this.reconnect();
    });
    socket.ws.on("CB:ack,class:message", (node: BinaryNode) => this.#emit("ack", node));
    socket.ws.on("CB:receipt", (node: BinaryNode) => this.#emit("receipt", node));
    return socket;
  }

  #emit(name: EventName, value: unknown): void {
    for (const waiter of this.#waiters) {
      if (waiter.name !== name) continue;
      const found = waiter.test(value as never);
      if (!found) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(found);
      return;
    }
    this.#history.push({ name, value });
  }
}

export function textOf(message: WAMessage["message"]): string | null | undefined {
  return message?.conversation ?? message?.extendedTextMessage?.text;
}
