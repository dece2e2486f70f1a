import { encodeBroadcast, type Broadcast, type ProtocolVersion } from "./frame.ts";

/** Someone who listens to a topic. */
export type Member = {
  readonly version: ProtocolVersion;
  /** The topic as the client named it, with its `realtime:` prefix. */
  readonly topic: string;
  send(frame: string | Buffer): void;
};

/** Which channels listen to which topic. Private and public channels of one name never mix. */
export class Hub {
  readonly #topics = new Map<string, Set<Member>>();

  join(key: string, member: Member): void {
    const members = this.#topics.get(key) ?? new Set();
    members.add(member);
    this.#topics.set(key, members);
  }

  leave(key: string, member: Member): void {
    const members = this.#topics.get(key);
    members?.delete(member);
    if (members?.size === 0) this.#topics.delete(key);
  }

  /** Sends to every member but `except`; a frame is written once per protocol version. */
  broadcast(key: string, broadcast: Broadcast, except?: Member): void {
    const members = this.#topics.get(key);
    if (!members) return;
    const frames = new Map<string, string | Buffer | undefined>();
    for (const member of members) {
      if (member === except) continue;
      const kind = `${member.version} ${member.topic}`;
      if (!frames.has(kind)) {
        frames.set(kind, encodeBroadcast(member.topic, broadcast, member.version));
      }
      const frame = frames.get(kind);
      if (frame !== undefined) member.send(frame);
    }
  }
}

export function topicKey(topic: string, isPrivate: boolean): string {
  return `${isPrivate ? "private" : "public"} ${topic}`;
}

/** A topic as policies and SQL know it: without the prefix of the protocol. */
export function topicName(topic: string): string {
  return topic.replace(/^realtime:/i, "");
}
