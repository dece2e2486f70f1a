import type { Token } from "../auth/verify-token.ts";
import type { Permissions } from "./check-policies.ts";
import type { Broadcast, Payload, ProtocolVersion } from "./frame.ts";
import { topicKey, topicName, type Subscriber, type Topics } from "./topics.ts";

const maxTimerMs = 2_147_483_647;

/** The WebSocket of the client, as one of its channels uses it. */
export type ChannelSocket = {
  readonly version: ProtocolVersion;
  readonly topic: string;
  readonly joinRef: string | null;
  push(event: string, payload: Payload): void;
  send(frame: string | Buffer): void;
};

/** One topic that a client has joined; it is closed when the token expires. */
export class Channel implements Subscriber {
  readonly version: ProtocolVersion;
  readonly topic: string;
  readonly joinRef: string | null;
  readonly isPrivate: boolean;
  readonly self: boolean;
  readonly ack: boolean;
  token: Token;
  permissions: Permissions;
  readonly #socket: ChannelSocket;
  readonly #topics: Topics;
  readonly #onExpire: (channel: Channel) => void;
  #expiry: NodeJS.Timeout | undefined;

  constructor(input: {
    socket: ChannelSocket;
    topics: Topics;
    token: Token;
    permissions: Permissions;
    isPrivate: boolean;
    self: boolean;
    ack: boolean;
    onExpire: (channel: Channel) => void;
  }) {
    this.#socket = input.socket;
    this.#topics = input.topics;
    this.#onExpire = input.onExpire;
    this.version = input.socket.version;
    this.topic = input.socket.topic;
    this.joinRef = input.socket.joinRef;
    this.isPrivate = input.isPrivate;
    this.self = input.self;
    this.ack = input.ack;
    this.token = input.token;
    this.permissions = input.permissions;
    this.#topics.subscribe(this.key, this);
    this.#watchExpiry();
  }

  /** The topic without the protocol's prefix. */
  get name(): string {
    return topicName(this.topic);
  }

  get key(): string {
    return topicKey(this.name, this.isPrivate);
  }

  /** Replaces the token and its permissions. */
  renew(token: Token, permissions: Permissions): void {
    this.token = token;
    this.permissions = permissions;
    this.#watchExpiry();
  }

  send(frame: string | Buffer): void {
    this.#socket.send(frame);
  }

  push(event: string, payload: Payload): void {
    this.#socket.push(event, payload);
  }

  broadcast(broadcast: Broadcast): void {
    this.#topics.broadcast(this.key, broadcast, this.self ? undefined : this);
  }

  /** Sends a message about the channel itself. */
  system(extension: string, status: "ok" | "error", message: string): void {
    this.push("system", { extension, status, message, channel: this.name });
  }

  dispose(): void {
    clearTimeout(this.#expiry);
    this.#topics.unsubscribe(this.key, this);
  }

  #watchExpiry(): void {
    clearTimeout(this.#expiry);
    const { expiresAt } = this.token;
    if (expiresAt === undefined) return;
    const delay = Math.max(0, expiresAt * 1000 - Date.now());
    this.#expiry = setTimeout(
      () => (delay > maxTimerMs ? this.#watchExpiry() : this.#onExpire(this)),
      Math.min(delay, maxTimerMs),
    );
    this.#expiry.unref();
  }
}
