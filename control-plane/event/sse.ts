import type { Event } from "../../shared/event.ts";

const retryMs = 1_000;
const encoder = new TextEncoder();

/** An event encoded once for all clients, with the fields that clients filter by. */
export interface EncodedEvent {
  seq: number;
  type: string;
  sessionId: string | null;
  bytes: Uint8Array;
}

export function encodeEvent(event: Event): EncodedEvent {
  const text = `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
  return {
    seq: event.seq,
    type: event.type,
    sessionId: event.session_id,
    bytes: encoder.encode(text),
  };
}

/**
 * The start of a stream, with the seq that it starts after: a client that loses the connection
 * before its first event resumes there. A message without data only sets the last event id.
 */
export function encodeGreeting(position: number): Uint8Array {
  return encoder.encode(`retry: ${retryMs}\nid: ${position}\n: connected\n\n`);
}

export const heartbeat = encoder.encode(": heartbeat\n\n");
