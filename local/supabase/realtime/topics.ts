import { encodeBroadcast, type Broadcast, type ProtocolVersion } from "./frame.ts";

/** A channel that is subscribed to a topic. */
export type Subscriber = {
  readonly version: ProtocolVersion;
  /** The topic as the client named it, with its `realtime:` prefix. */
  readonly topic: string;
  send(frame: string | Buffer): void;
};

/** The subscribers of each topic. Private and public topics of one name are separate. */
export class Topics {
  readonly #topics = new Map<string, Set<Subscriber>>();

  subscribe(key: string, subscriber: Subscriber): void {
    const subscribers = this.#topics.get(key) ?? new Set();
    subscribers.add(subscriber);
    this.#topics.set(key, subscribers);
  }

  unsubscribe(key: string, subscriber: Subscriber): void {
    const subscribers = this.#topics.get(key);
    subscribers?.delete(subscriber);
    if (subscribers?.size === 0) this.#topics.delete(key);
  }

  /** Sends to every subscriber but `except`; encodes the frame once per protocol version. */
  broadcast(key: string, broadcast: Broadcast, except?: Subscriber): void {
    const subscribers = this.#topics.get(key);
    if (!subscribers) return;
    const frames = new Map<string, string | Buffer | undefined>();
    for (const subscriber of subscribers) {
      if (subscriber === except) continue;
      const { topic, version } = subscriber;
      const kind = `${version} ${topic}`;
      if (!frames.has(kind)) frames.set(kind, encodeBroadcast(topic, broadcast, version));
      const frame = frames.get(kind);
      if (frame !== undefined) subscriber.send(frame);
    }
  }
}

export function topicKey(topic: string, isPrivate: boolean): string {
  return `${isPrivate ? "private" : "public"} ${topic}`;
}

/** The topic as policies and SQL name it: without the protocol's prefix. */
export function topicName(topic: string): string {
  return topic.replace(/^realtime:/i, "");
}
