import { NOISE_WA_HEADER, proto } from "@whiskeysockets/baileys";
import type { KeyPair } from "@whiskeysockets/baileys";
import type { WebSocket } from "ws";
import { FrameReader, joinFrames } from "./frames.ts";
import type { BinaryNode } from "./node.ts";
import { decodeNode, encodeNode } from "./node.ts";
import { NoiseResponder, type TransportCipher } from "./noise.ts";

/** What the handshake reveals about a client. */
export interface ClientHandshake {
  payload: proto.ClientPayload;
  /** The client's static public key. */
  noiseKey: Buffer;
}

export interface ConnectionOptions {
  socket: WebSocket;
  staticKey: KeyPair;
  certificate: Uint8Array;
  /** Runs `send` once all earlier writes are committed, so that nothing is acked before it is stored. */
  whenCommitted: (send: () => void) => void;
  onHandshake: (client: ClientHandshake) => void;
  onError: (error: unknown) => void;
}

/** One client's connection: the Noise handshake, then stanzas in both directions, in order. */
export class Connection {
  /** The handler for the client's stanzas and the close; `onHandshake` sets both. */
  onNode: (received: BinaryNode) => void = () => {};
  onClose: () => void = () => {};
  readonly #options: ConnectionOptions;
  readonly #reader = new FrameReader();
  #noise: NoiseResponder | null = null;
  #incoming: TransportCipher | null = null;
  #outgoing: TransportCipher | null = null;
  #outbox: Uint8Array[] = [];
  #ending = false;
  #closed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    options.socket.on("message", (data: Buffer) => {
      try {
        for (const frame of this.#reader.push(data)) this.#receive(frame);
      } catch (error) {
        options.onError(error);
        options.socket.terminate();
      }
    });
    options.socket.on("close", () => {
      this.#closed = true;
      this.onClose();
    });
    options.socket.on("error", options.onError);
  }

  /** Whether the connection is closed or closing. */
  get closed(): boolean {
    return this.#closed || this.#ending;
  }

  /** Bytes that are not written to the socket yet. */
  get backlogBytes(): number {
    return this.#options.socket.bufferedAmount;
  }

  send(outgoing: BinaryNode): void {
    this.sendEncoded(encodeNode(outgoing));
  }

  sendEncoded(bytes: Uint8Array): void {
    if (this.#closed || this.#ending) return;
    this.#outbox.push(bytes);
    if (this.#outbox.length === 1) this.#options.whenCommitted(() => this.#flush());
  }

  /** Sends a last stanza, if there is one, and closes the socket. */
  close(lastStanza?: BinaryNode): void {
    if (this.#closed || this.#ending) return;
    if (lastStanza) this.send(lastStanza);
    this.#ending = true;
    this.#options.whenCommitted(() => {
      this.#flush();
      this.#options.socket.close();
    });
  }

  /** Cuts the connection like a broken network: no stream error, no close frame. */
  drop(): void {
    this.#options.socket.terminate();
  }

  #receive(frame: Buffer): void {
    if (this.#ending) return;
    if (this.#incoming) {
      this.onNode(decodeNode(this.#incoming.decrypt(frame)));
      return;
    }
    this.#handshake(proto.HandshakeMessage.decode(frame));
  }

  #handshake(message: proto.HandshakeMessage): void {
    const { staticKey, certificate, socket, onHandshake } = this.#options;
    const ephemeral = message.clientHello?.ephemeral;
    if (!this.#noise && ephemeral) {
      this.#noise = new NoiseResponder(NOISE_WA_HEADER);
      const serverHello = this.#noise.hello(ephemeral, staticKey, certificate);
      socket.send(joinFrames([proto.HandshakeMessage.encode({ serverHello }).finish()]));
      return;
    }
    const finish = message.clientFinish;
    if (!this.#noise || !finish?.static || !finish.payload)
      throw new Error("handshake out of order");
    const done = this.#noise.finish(finish.static, finish.payload);
    this.#noise = null;
    this.#incoming = done.incoming;
    this.#outgoing = done.outgoing;
    onHandshake({
      payload: proto.ClientPayload.decode(done.payload),
      noiseKey: done.clientStatic,
    });
  }

  #flush(): void {
    const cipher = this.#outgoing;
    if (this.#outbox.length === 0 || !cipher || this.#closed) return;
    const frames = this.#outbox.map((bytes) => cipher.encrypt(bytes));
    this.#outbox = [];
    this.#options.socket.send(joinFrames(frames));
  }
}
