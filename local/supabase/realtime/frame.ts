/** A message from a client, decoded from either protocol version. */
export type Incoming = {
  readonly joinRef: string | null;
  readonly ref: string | null;
  readonly topic: string;
  readonly event: string;
  readonly payload: Payload;
  /** Set for a broadcast that arrived as a binary frame. */
  readonly broadcast?: Broadcast;
};

export type Payload = Readonly<Record<string, unknown>>;

/** A broadcast; its payload is passed on as it arrived: JSON text, or bytes. */
export type Broadcast = {
  readonly event: string;
  readonly payload: string | Buffer;
  readonly meta?: Payload;
};

export type Outgoing = {
  readonly joinRef: string | null;
  readonly ref: string | null;
  readonly topic: string;
  readonly event: string;
  readonly payload: Payload;
};

/** The protocol version of a client: `1.0.0` sends objects, `2.0.0` arrays and binary frames. */
export type ProtocolVersion = "1.0.0" | "2.0.0";

const pushKind = 3;
const broadcastKind = 4;
const binaryEncoding = 0;

/** @throws when the frame is malformed. */
export function decodeText(text: string): Incoming {
  const parsed: unknown = JSON.parse(text);
  const [joinRef, ref, topic, event, payload] = Array.isArray(parsed)
    ? parsed
    : fieldsOf(asPayload(parsed));
  if (typeof topic !== "string" || typeof event !== "string")
    throw new Error("Not a Realtime message");
  return { joinRef: asRef(joinRef), ref: asRef(ref), topic, event, payload: asPayload(payload) };
}

/** Decodes a broadcast push: kind, five lengths, encoding, five strings, then the payload. */
export function decodeBinary(frame: Buffer): Incoming {
  if (frame[0] !== pushKind || frame.length < 7) throw new Error("Unknown binary message");
  let offset = 7;
  const [joinRef = "", ref = "", topic = "", event = ""] = [1, 2, 3, 4, 5].map((index) => {
    const end = offset + frame.readUInt8(index);
    const text = frame.toString("utf8", offset, end);
    offset = end;
    return text;
  });
  const bytes = frame.subarray(offset);
  const isBinary = frame[6] === binaryEncoding;
  const payload = isBinary ? Buffer.from(bytes) : validJson(bytes.toString("utf8"));
  return {
    joinRef: joinRef || null,
    ref: ref || null,
    topic,
    event: "broadcast",
    payload: {},
    broadcast: { event, payload },
  };
}

export function encode(message: Outgoing, version: ProtocolVersion): string {
  const { joinRef, ref, topic, event, payload } = message;
  return version === "1.0.0"
    ? JSON.stringify({ topic, event, payload, ref, join_ref: joinRef })
    : JSON.stringify([joinRef, ref, topic, event, payload]);
}

/** Encodes a broadcast for the subscribers of one protocol version. Undefined if it cannot. */
export function encodeBroadcast(
  topic: string,
  broadcast: Broadcast,
  version: ProtocolVersion,
): string | Buffer | undefined {
  const { event, payload, meta } = broadcast;
  if (typeof payload !== "string") {
    return version === "1.0.0" ? undefined : encodeBinaryBroadcast(topic, event, payload);
  }
  const withMeta = meta ? `,"meta":${JSON.stringify(meta)}` : "";
  const body = `{"type":"broadcast","event":${JSON.stringify(event)},"payload":${payload}${withMeta}}`;
  return version === "1.0.0"
    ? `{"topic":${JSON.stringify(topic)},"event":"broadcast","payload":${body},"ref":null}`
    : `[null,null,${JSON.stringify(topic)},"broadcast",${body}]`;
}

function encodeBinaryBroadcast(topic: string, event: string, payload: Buffer): Buffer {
  const topicBytes = Buffer.from(topic);
  const eventBytes = Buffer.from(event);
  const head = [broadcastKind, topicBytes.length, eventBytes.length, 0, binaryEncoding];
  return Buffer.concat([Buffer.from(head), topicBytes, eventBytes, payload]);
}

function validJson(text: string): string {
  JSON.parse(text);
  return text;
}

function fieldsOf(message: Payload): unknown[] {
  return [
    message["join_ref"],
    message["ref"],
    message["topic"],
    message["event"],
    message["payload"],
  ];
}

function asRef(value: unknown): string | null {
  return typeof value === "string" || typeof value === "number" ? String(value) : null;
}

export function asPayload(value: unknown): Payload {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
