import { NOISE_WA_HEADER, proto } from "@whiskeysockets/baileys";
import type { KeyPair } from "@whiskeysockets/baileys";
import type { WebSocket } from "ws";
import { FrameReader, joinFrames } from "./frames.ts";
import type { BinaryNode } from "./node.ts";
import { decodeNode, encodeNode } from "./node.ts";
import { NoiseResponder, type TransportCipher } from "./noise.ts";

/** What a client says about itself once the handshake is done. */
export interface Introduction {
  payload: proto.ClientPayload;
  noiseKey: Buffer;
}

export interface ConnectionOptions {
  socket: WebSocket;
  staticKey: KeyPair;
  certificate: Uint8Array;
  /** Runs its argument once everything decided so far is stored: no ack before its record. */
  whenCommitted: (send: () => void) => void;
  onIntroduction: (introduction: Introduction) => void;
  onError: (error: unknown) => void;
}

/** One client's socket: handshake, then nodes both ways, in order. */
export class Connection {
  /** Set by whoever takes the connection over after the introduction. */
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

  get closed(): boolean {
    return this.#closed || this.#ending;
  }

  /** Bytes that the peer has not taken yet. */
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

  /** Says a last word and closes. */
  end(lastWord?: BinaryNode): void {
    if (this.#closed || this.#ending) return;
    if (lastWord) this.send(lastWord);
    this.#ending = true;
    this.#options.whenCommitted(() => {
      this.#flush();
      this.#options.socket.close();
    });
  }

  /** Cuts the line as a broken network does: no stream error, no close frame. */
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
    const { staticKey, certificate, socket, onIntroduction } = this.#options;
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
    onIntroduction({
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
