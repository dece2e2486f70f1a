import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import { type BinaryNode, decodeBinaryNode, type WASocket } from "@whiskeysockets/baileys";
import { pino } from "pino";
import { WebSocket, WebSocketServer } from "ws";
import { keepSignalSessionsIntact } from "../../../shared/intact-signal-sessions.ts";
import { silenceLibsignal } from "../../../shared/silence-libsignal.ts";
import { type Credentials, newCredentials } from "../auth-state.ts";
import type { ConnectionHandlers } from "../connection-options.ts";
import { createDeviceCaches, type DeviceCaches } from "../device-caches.ts";
import { createDeviceLocks, type DeviceLocks } from "../device-locks.ts";
import { openSocket } from "../open-socket.ts";
import type { SendBarrier } from "../send-barrier.ts";
import { MemoryKeys } from "./memory-keys.ts";

silenceLibsignal();
keepSignalSessionsIntact();

const introLength = 4;
const headerLength = 3;

export const me = { id: "391110000001:5@s.whatsapp.net", lid: "71110000001:5@lid", name: "Acme" };

/** Credentials as they are after a pairing. */
export function pairedCredentials(): Credentials {
  return { ...newCredentials(), me: { ...me }, account: { details: Buffer.alloc(0) } };
}

export interface TestSocketOptions {
  credentials?: Credentials;
  handlers?: Partial<ConnectionHandlers>;
  /** An earlier connection of the same device. */
  after?: TestSocket;
  /** Opens the socket; by default with every patch. */
  open?: typeof openSocket;
}

/**
 * A real Baileys socket on a server that records every stanza it gets. There is no Noise
 * handshake, so stanzas arrive unencrypted; those of the server are emitted by receive().
 */
export class TestSocket {
  readonly socket: WASocket;
  readonly keys: MemoryKeys;
  readonly caches: DeviceCaches;
  readonly locks: DeviceLocks;
  readonly credentials: Credentials;
  readonly currentSend = new AsyncLocalStorage<SendBarrier>();
  /** Gets what Baileys logs as a warning or an error. */
  onLog: (line: string) => void = () => undefined;
  /** Every stanza that left, in order. */
  readonly sent: BinaryNode[] = [];
  readonly #server: WebSocketServer;
  readonly #waiting = new Set<() => void>();

  static async open(options: TestSocketOptions = {}): Promise<TestSocket> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await once(server, "listening");
    const opened = new TestSocket(server, options);
    await once(opened.socket.ws, "open");
    return opened;
  }

  private constructor(server: WebSocketServer, options: TestSocketOptions) {
    this.#server = server;
    this.#record();
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("The server has no port");
    const { after } = options;
    this.keys = after?.keys ?? new MemoryKeys();
    this.caches = after?.caches ?? createDeviceCaches();
    this.locks = after?.locks ?? createDeviceLocks();
    const credentials = options.credentials ?? after?.credentials ?? pairedCredentials();
    this.credentials = credentials;
    const open = options.open ?? openSocket;
    this.socket = open(
      {
        target: { network: "sandbox", url: `ws://127.0.0.1:${address.port}`, rootKey: undefined },
        credentials,
        keys: this.keys,
        caches: this.caches,
        locks: this.locks,
        pingEveryMs: 20_000,
        closeMs: 1000,
        log: pino({ level: "debug" }, { write: (line) => this.onLog(line) }),
        handlers: { ...silentHandlers, ...options.handlers },
      },
      {
        currentSend: this.currentSend,
        onAddressing: (space) => {
          credentials.addressing = space;
        },
      },
    );
    this.socket.ws.removeAllListeners("open"); // It would begin the handshake.
    this.#recordWrites();
  }

  /** Emits a stanza under the names that Baileys gives it. */
  receive(node: BinaryNode): void {
    const { ws } = this.socket;
    const child = Array.isArray(node.content) ? node.content[0]?.tag : "";
    ws.emit("frame", node);
    ws.emit(`TAG:${node.attrs["id"]}`, node);
    for (const [name, value] of Object.entries(node.attrs)) {
      ws.emit(`CB:${node.tag},${name}:${value},${child}`, node);
      ws.emit(`CB:${node.tag},${name}:${value}`, node);
      ws.emit(`CB:${node.tag},${name}`, node);
    }
    ws.emit(`CB:${node.tag},,${child}`, node);
    ws.emit(`CB:${node.tag}`, node);
  }

  /** The first stanza that leaves, or left, and is one of these. */
  async until(isWanted: (node: BinaryNode) => boolean): Promise<BinaryNode> {
    for (;;) {
      const found = this.sent.find(isWanted);
      if (found !== undefined) return found;
      await new Promise<void>((next) => this.#waiting.add(next));
    }
  }

  /** Resolves when everything that was written to the socket before has arrived. */
  async settled(): Promise<void> {
    const id = `settled-${this.sent.length}-${performance.now()}`;
    await this.socket.sendNode({ tag: "ib", attrs: { id } });
    await this.until((node) => node.attrs["id"] === id);
  }

  /** Cuts the connection from the server's side. */
  drop(): void {
    for (const client of this.#server.clients) client.terminate();
  }

  async close(): Promise<void> {
    await this.socket.end(undefined);
    this.#server.close();
  }

  /** Puts the moments at which stanzas are written among the calls of the key store. */
  #recordWrites(): void {
    const webSocket = webSocketOf(this.socket);
    const send = webSocket.send.bind(webSocket);
    Reflect.set(webSocket, "send", (...parameters: Parameters<typeof send>) => {
      this.keys.calls.push("write");
      send(...parameters);
    });
  }

  #arrived(node: BinaryNode): void {
    this.sent.push(node);
    for (const next of this.#waiting) next();
    this.#waiting.clear();
  }

  #record(): void {
    this.#server.on("connection", (client) => {
      let arrived = Promise.resolve();
      let isFirst = true;
      client.on("message", (data: Buffer) => {
        const frame = data.subarray(headerLength + (isFirst ? introLength : 0));
        isFirst = false;
        const decoded = decodeBinaryNode(frame);
        const before = arrived;
        arrived = (async () => {
          await before;
          this.#arrived(await decoded);
        })();
      });
    });
  }
}

function webSocketOf({ ws }: WASocket): WebSocket {
  const webSocket: unknown = Reflect.get(ws, "socket");
  if (webSocket instanceof WebSocket) return webSocket;
  throw new Error("The client has no WebSocket");
}

const silentHandlers: ConnectionHandlers = {
  onQr: () => undefined,
  onPaired: async () => undefined,
  onOpen: () => undefined,
  onClose: () => undefined,
  onCredentials: () => undefined,
  onMessage: () => undefined,
  isStored: async () => false,
  onReceipts: async () => undefined,
  onAck: () => undefined,
  loadContent: async () => null,
};
