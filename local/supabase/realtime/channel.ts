import type { Token } from "../auth/verify-token.ts";
import type { Permissions } from "./authorize.ts";
import type { Broadcast, Payload, ProtocolVersion } from "./frame.ts";
import { topicKey, topicName, type Hub, type Member } from "./hub.ts";

const maxTimerMs = 2_147_483_647;

export type ChannelLink = {
  readonly version: ProtocolVersion;
  readonly topic: string;
  readonly joinRef: string | null;
  push(event: string, payload: Payload): void;
  send(frame: string | Buffer): void;
};

/** One joined topic of one client, for as long as its token allows. */
export class Channel implements Member {
  readonly version: ProtocolVersion;
  readonly topic: string;
  readonly joinRef: string | null;
  readonly isPrivate: boolean;
  readonly self: boolean;
  readonly ack: boolean;
  token: Token;
  permissions: Permissions;
  readonly #link: ChannelLink;
  readonly #hub: Hub;
  readonly #onExpire: (channel: Channel) => void;
  #expiry: NodeJS.Timeout | undefined;

  constructor(input: {
    link: ChannelLink;
    hub: Hub;
    token: Token;
    permissions: Permissions;
    isPrivate: boolean;
    self: boolean;
    ack: boolean;
    onExpire: (channel: Channel) => void;
  }) {
    this.#link = input.link;
    this.#hub = input.hub;
    this.#onExpire = input.onExpire;
    this.version = input.link.version;
    this.topic = input.link.topic;
    this.joinRef = input.link.joinRef;
    this.isPrivate = input.isPrivate;
    this.self = input.self;
    this.ack = input.ack;
    this.token = input.token;
    this.permissions = input.permissions;
    this.#hub.join(this.key, this);
    this.#watchExpiry();
  }

  /** The topic without the protocol's prefix. */
  get name(): string {
    return topicName(this.topic);
  }

  get key(): string {
    return topicKey(this.name, this.isPrivate);
  }

  /** A fresh token, and what it allows. */
  renew(token: Token, permissions: Permissions): void {
    this.token = token;
    this.permissions = permissions;
    this.#watchExpiry();
  }

  send(frame: string | Buffer): void {
    this.#link.send(frame);
  }

  push(event: string, payload: Payload): void {
    this.#link.push(event, payload);
  }

  broadcast(broadcast: Broadcast): void {
    this.#hub.broadcast(this.key, broadcast, this.self ? undefined : this);
  }

  /** A message of the server about the channel itself. */
  system(extension: string, status: "ok" | "error", message: string): void {
    this.push("system", { extension, status, message, channel: this.name });
  }

  dispose(): void {
    clearTimeout(this.#expiry);
    this.#hub.leave(this.key, this);
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
