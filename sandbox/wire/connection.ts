import { proto } from "@whiskeysockets/baileys";
import type { KeyPair } from "@whiskeysockets/baileys";
import type { WebSocket } from "ws";
import { type Dictionary, dictionary3 } from "./dictionary.ts";
import { FrameReader, joinFrames } from "./frames.ts";
import type { BinaryNode } from "./node.ts";
import { decodeNode, encodeNode } from "./node.ts";
import { fallBack, type Handshake, NoiseResponder, resume, type TransportCipher } from "./noise.ts";

/**
 * How long nothing is sent after the handshake. Some clients (Baileys 7.0.0-rc.9) lose a stanza that
 * arrives before they have finished their own part, which takes longer on the internet.
 */
const graceMs = 30;

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
  #isSilent = false;
  #closed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    options.socket.on("message", (data: Buffer) => {
      try {
        if (this.#isSilent) return;
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

  /** `encoded` is the same stanza in the current dictionary, if the caller has it already. */
  send(outgoing: BinaryNode, encoded?: Uint8Array): void {
    if (this.#closed || this.#ending || this.#isSilent) return;
    const usable = this.#dictionary === dictionary3 ? encoded : undefined;
    this.#outbox.push(usable ?? encodeNode(outgoing, this.#dictionary));
    if (this.#outbox.length === 1) this.#options.whenCommitted(() => this.#flush());
  }

  /** Sends a last stanza, if there is one, and closes the socket. */
  close(lastStanza?: BinaryNode): void {
    if (this.#closed || this.#ending) return;
    if (lastStanza) this.send(lastStanza);
    this.#ending = true;
    this.#options.whenCommitted(() => this.#flush());
  }

  /** From now on nothing passes in either direction, and the connection stays open. */
  goSilent(): void {
    this.#isSilent = true;
  }

  /** Cuts the connection like a broken network: no stream error, no close frame. */
  drop(): void {
    this.#options.socket.terminate();
  }

  #receive(frame: Buffer): void {
    if (this.#ending) return;
    if (this.#incoming) {
      this.onNode(decodeNode(this.#incoming.decrypt(frame), this.#dictionary));
      return;
    }
    this.#handshake(proto.HandshakeMessage.decode(frame));
  }

  #handshake(message: proto.HandshakeMessage): void {
    const hello = message.clientHello;
    if (!this.#noise && hello?.ephemeral) {
      this.#answerHello({ ...hello, ephemeral: hello.ephemeral });
      return;
    }
    const finish = message.clientFinish;
    if (!this.#noise || !finish?.static || !finish.payload)
      throw new Error("handshake out of order");
    this.#established(this.#noise.finish(finish.static, finish.payload));
  }

  #answerHello(hello: proto.HandshakeMessage.IClientHello & { ephemeral: Uint8Array }): void {
    const { staticKey, certificate } = this.#options;
    const header = this.#reader.header?.bytes ?? Buffer.alloc(0);
    const { ephemeral, static: clientStatic, payload } = hello;
    const isResuming = Boolean(clientStatic && payload);
    if (clientStatic && payload) {
      const server = { key: staticKey, certificate };
      const resumed = resume(header, { ephemeral, static: clientStatic, payload }, server);
      if (resumed) {
        this.#sendHello(resumed.serverHello);
        this.#established(resumed.handshake);
        return;
      }
    }
    this.#noise = isResuming ? fallBack(header) : new NoiseResponder(header);
    this.#sendHello(this.#noise.hello(ephemeral, staticKey, certificate));
  }

  #sendHello(serverHello: proto.HandshakeMessage.IServerHello): void {
    const hello = proto.HandshakeMessage.encode({ serverHello }).finish();
    this.#options.socket.send(joinFrames([hello]));
  }

  #established(handshake: Handshake): void {
    this.#noise = null;
    this.#incoming = handshake.incoming;
    setTimeout(() => {
      this.#outgoing = handshake.outgoing;
      this.#options.whenCommitted(() => this.#flush());
    }, graceMs);
    this.#options.onHandshake({
      payload: proto.ClientPayload.decode(handshake.payload),
      noiseKey: handshake.clientStatic,
    });
  }

  get #dictionary(): Dictionary {
    return this.#reader.header?.dictionary ?? dictionary3;
  }

  #flush(): void {
    const cipher = this.#outgoing;
    if (!cipher || this.#closed) return;
    if (this.#outbox.length > 0) {
      const frames = this.#outbox.map((bytes) => cipher.encrypt(bytes));
      this.#outbox = [];
      this.#options.socket.send(joinFrames(frames));
    }
    if (this.#ending) this.#options.socket.close();
  }
}
