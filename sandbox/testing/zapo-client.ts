import { EventLog } from "./event-log.ts";

/** What this file uses of zapo-js, whose published types do not resolve outside of its sources. */
interface Zapo {
  createStore(options: object): object;
  WaClient: new (options: object, logger: object) => ZapoSocket;
}

interface ZapoSocket {
  on(event: "auth_qr", listener: (event: { qr: string }) => void): void;
  on(event: "connection", listener: (event: Connection) => void): void;
  on(event: "message", listener: (event: { message?: { conversation?: string } }) => void): void;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  sendMessage(to: string, content: { conversation: string }): Promise<unknown>;
}

interface Connection {
  status: "open" | "close";
  isLogout: boolean;
}

interface Events {
  qr: string;
  connection: Connection;
  text: string;
  log: string;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see Zapo
const zapo = (await import("zapo-js")) as unknown as Zapo;
const domains = ["signal", "preKey", "session", "identity", "senderKey", "appState", "messages"];
const caches = ["threads", "contacts", "privacyToken"];

/** A WhatsApp client that shares no code with Baileys. Its keys outlive a connection. */
export class ZapoClient {
  readonly #log = new EventLog<Events>();
  readonly #store = createMemoryStore();
  #socket: ZapoSocket | undefined;

  /** Connects to the sandbox, after `disconnect` once more with the same keys. */
  async connect(sandbox: { webSocketUrl: string; rootKey: string }): Promise<void> {
    const log = this.#log;
    const record = (message: string) => log.add("log", message);
    const socket = new zapo.WaClient(
      {
        store: this.#store,
        sessionId: "test",
        chatSocketUrls: [sandbox.webSocketUrl],
        testHooks: { noiseRootCa: { publicKey: Buffer.from(sandbox.rootKey, "hex"), serial: 0 } },
      },
      { level: "info", trace() {}, debug() {}, info: record, warn: record, error: record },
    );
    this.#socket = socket;
    socket.on("auth_qr", ({ qr }) => log.add("qr", qr));
    socket.on("connection", (event) => log.add("connection", event));
    socket.on("message", ({ message }) => log.add("text", message?.conversation ?? ""));
    await socket.connect();
  }

  async disconnect(): Promise<void> {
    await this.#socket?.disconnect();
  }

  async send(to: string, text: string): Promise<void> {
    await this.#socket?.sendMessage(to, { conversation: text });
  }

  qr(): Promise<string> {
    return this.#log.next("qr", (qr) => qr);
  }

  open(): Promise<boolean> {
    return this.#log.next("connection", ({ status }) => status === "open");
  }

  loggedOut(): Promise<boolean> {
    return this.#log.next("connection", ({ isLogout }) => isLogout);
  }

  text(text: string): Promise<boolean> {
    return this.#log.next("text", (received) => received === text);
  }

  /** A line that the client logs, such as how its handshake went. */
  logged(line: string): Promise<boolean> {
    return this.#log.next("log", (logged) => logged.includes(line));
  }
}

function createMemoryStore(): object {
  let credentials: unknown = null;
  const auth = {
    load: async () => credentials,
    save: async (given: unknown) => {
      credentials = given;
    },
    clear: async () => {
      credentials = null;
    },
  };
  const memory = [...domains, ...caches].map((domain) => [domain, "memory"]);
  return zapo.createStore({
    backends: { own: { stores: { auth: () => auth }, caches: {} } },
    providers: { ...Object.fromEntries(memory), auth: "own" },
  });
}
