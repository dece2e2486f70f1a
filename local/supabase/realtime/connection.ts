import type { Pool } from "pg";
import type { Logger } from "pino";
import type { RawData, WebSocket } from "ws";
import type { TokenVerifier } from "../auth/verify-token.ts";
import { authorizeChannel, expiredText, JoinDenied } from "./authorize-channel.ts";
import type { ChangeFeed } from "./changes/change-feed.ts";
import { Channel } from "./channel.ts";
import {
  decodeBinary,
  decodeText,
  encode,
  type Broadcast,
  type Incoming,
  type Payload,
  type ProtocolVersion,
} from "./frame.ts";
import { parseJoin } from "./join-request.ts";
import { topicName, type Topics } from "./topics.ts";

export type RealtimeServices = {
  readonly topics: Topics;
  readonly changes: ChangeFeed;
  readonly owner: Pool;
  readonly verify: TokenVerifier;
  readonly log: Logger;
};

// A client that does not read what it is sent is disconnected, so that memory stays bounded.
const maxBufferedBytes = 64 * 1024 * 1024;

type ConnectionInput = {
  readonly socket: WebSocket;
  readonly version: ProtocolVersion;
  readonly apiKey: string;
  readonly services: RealtimeServices;
};

/** Serves a client's WebSocket until it closes. */
export function serveConnection(input: ConnectionInput): void {
  const connection = new Connection(input);
  input.socket.on("message", (data, isBinary) => connection.receive(data, isBinary));
  input.socket.on("close", () => connection.dispose());
  input.socket.on("error", (error) =>
    input.services.log.debug({ err: error }, "realtime socket failed"),
  );
}

/** One WebSocket of a client and the channels it has joined. */
class Connection {
  readonly #socket: WebSocket;
  readonly #version: ProtocolVersion;
  readonly #apiKey: string;
  readonly #services: RealtimeServices;
  readonly #channels = new Map<string, Channel>();
  // Messages of one topic are handled in order; topics do not wait for each other.
  readonly #lastByTopic = new Map<string, Promise<void>>();

  constructor(input: ConnectionInput) {
    this.#socket = input.socket;
    this.#version = input.version;
    this.#apiKey = input.apiKey;
    this.#services = input.services;
  }

  dispose(): void {
    for (const channel of this.#channels.values()) this.#drop(channel);
  }

  receive(data: RawData, isBinary: boolean): void {
    let message: Incoming;
    try {
      const bytes = toBuffer(data);
      message = isBinary ? decodeBinary(bytes) : decodeText(bytes.toString("utf8"));
    } catch (error) {
      this.#services.log.debug({ err: error }, "malformed realtime message");
      return;
    }
    if (message.topic === "phoenix") {
      this.#reply(message, "ok", {});
      return;
    }
    const previous = this.#lastByTopic.get(message.topic);
    if (!previous && message.event === "broadcast") {
      this.#broadcast(message);
      return;
    }
    const current = (previous ?? Promise.resolve())
      .then(() => this.#handle(message))
      .catch((error: unknown) => {
        this.#services.log.error({ err: error, event: message.event }, "realtime message failed");
        this.#reply(message, "error", { reason: "Unknown Error on Channel" });
      })
      .finally(() => {
        if (this.#lastByTopic.get(message.topic) === current)
          this.#lastByTopic.delete(message.topic);
      });
    this.#lastByTopic.set(message.topic, current);
  }

  async #handle(message: Incoming): Promise<void> {
    switch (message.event) {
      case "phx_join":
        return this.#join(message);
      case "phx_leave":
        return this.#leave(message);
      case "access_token":
        return this.#renew(message);
      case "broadcast":
        return this.#broadcast(message);
      default:
        // Presence is acknowledged but not implemented.
        if (this.#channels.has(message.topic)) this.#reply(message, "ok", {});
        return undefined;
    }
  }

  async #join(message: Incoming): Promise<void> {
    const { topic } = message;
    const previous = this.#channels.get(topic);
    if (previous) this.#close(previous);
    const request = parseJoin(message.payload);
    let authorization;
    try {
      authorization = await authorizeChannel({
        jwt: request.jwt ?? this.#apiKey,
        topic: topicName(topic),
        isPrivate: request.isPrivate,
        verify: this.#services.verify,
        owner: this.#services.owner,
      });
    } catch (error) {
      if (!(error instanceof JoinDenied)) throw error;
      this.#reply(message, "error", { reason: error.message });
      return;
    }
    const requests = this.#services.changes.parseRequests(request.postgresChanges);
    const refusal = await this.#services.changes.refusal(requests);
    if (refusal !== undefined) {
      this.#reply(message, "error", { reason: refusal });
      return;
    }
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const { joinRef } = message;
    const channel = new Channel({
      ...authorization,
      isPrivate: request.isPrivate,
      topics: this.#services.topics,
      self: request.self,
      ack: request.ack,
      socket: {
        version: this.#version,
        topic,
        joinRef,
        send: (frame) => this.#send(frame),
        push: (event, payload) => this.#write({ joinRef, ref: null, topic, event, payload }),
      },
      onExpire: (expired) => this.#expire(expired),
    });
    this.#channels.set(topic, channel);
    this.#reply(message, "ok", { postgres_changes: requests.map(({ reply }) => reply) });
    if (request.presence) channel.push("presence_state", {});
    if (request.replicationReady) {
      channel.system("system", "ok", "Replication connection established");
    }
    if (requests.length > 0) this.#services.changes.subscribe(channel, requests);
  }

  #leave(message: Incoming): void {
    const channel = this.#channels.get(message.topic);
    this.#reply(message, "ok", {});
    if (channel) this.#close(channel);
  }

  async #renew(message: Incoming): Promise<void> {
    const channel = this.#channels.get(message.topic);
    const jwt = message.payload["access_token"];
    if (!channel || typeof jwt !== "string") return;
    try {
      const { token, permissions } = await authorizeChannel({
        jwt,
        topic: channel.name,
        isPrivate: channel.isPrivate,
        verify: this.#services.verify,
        owner: this.#services.owner,
      });
      channel.renew(token, permissions);
    } catch (error) {
      if (!(error instanceof JoinDenied)) throw error;
      this.#shutDown(channel, error.message);
    }
  }

  #broadcast(message: Incoming): void {
    const channel = this.#channels.get(message.topic);
    if (!channel) return;
    if (!channel.permissions.write) {
      if (channel.ack) this.#reply(message, "error", { reason: "Unauthorized" });
      return;
    }
    channel.broadcast(message.broadcast ?? jsonBroadcast(message.payload));
    if (channel.ack) this.#reply(message, "ok", {});
  }

  #expire(channel: Channel): void {
    this.#shutDown(channel, expiredText(channel.token.expiresAt));
  }

  #shutDown(channel: Channel, reason: string): void {
    channel.system("system", "error", reason);
    this.#close(channel);
  }

  #close(channel: Channel): void {
    if (this.#channels.get(channel.topic) === channel) this.#channels.delete(channel.topic);
    this.#drop(channel);
    const { topic, joinRef } = channel;
    this.#write({ joinRef, ref: joinRef, topic, event: "phx_close", payload: {} });
  }

  #drop(channel: Channel): void {
    channel.dispose();
    this.#services.changes.unsubscribe(channel);
  }

  #reply(message: Incoming, status: "ok" | "error", response: Payload): void {
    const { joinRef, ref, topic } = message;
    this.#write({ joinRef, ref, topic, event: "phx_reply", payload: { status, response } });
  }

  #write(message: Parameters<typeof encode>[0]): void {
    this.#send(encode(message, this.#version));
  }

  #send(frame: string | Buffer): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > maxBufferedBytes) {
      this.#socket.terminate();
      return;
    }
    this.#socket.send(frame);
  }
}

function jsonBroadcast(payload: Payload): Broadcast {
  const event = payload["event"];
  return {
    event: typeof event === "string" ? event : "",
    payload: JSON.stringify(payload["payload"] ?? {}),
  };
}

function toBuffer(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}
