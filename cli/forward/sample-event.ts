import { randomUUID } from "node:crypto";
import type { EventType } from "../../client/index.ts";
import type { ForwardedEvent } from "./forward.ts";

const message = {
  session_id: "main",
  chat_id: "393331234567@s.whatsapp.net",
  phone: "393331234567",
  lid: null,
  participant: null,
  type: "text",
  media: null,
  wa_message_id: "3EB0C767D097B7C8F1E2",
  error: null,
  sent_at: null,
  delivered_at: null,
  read_at: null,
};
const outgoing = { ...message, direction: "out", source: "api", from: "393330000001" };
const session = {
  session_id: "main",
  name: "main",
  description: null,
  network: "sandbox",
  phone: "393330000001",
  lid: null,
  last_disconnect: null,
};

/** What an event of each type is about, with values like those of a real one. */
const samples: Partial<Record<EventType, object>> & Record<string, object | undefined> = {
  "message.received": {
    ...message,
    direction: "in",
    source: "contact",
    from: "393331234567",
    to: "393330000001",
    status: "RECEIVED",
  },
  "message.sent": { ...outgoing, to: "393331234567", status: "SENT" },
  "message.delivered": { ...outgoing, to: "393331234567", status: "DELIVERED" },
  "message.read": { ...outgoing, to: "393331234567", status: "READ" },
  "message.failed": {
    ...outgoing,
    to: "393331234567",
    status: "FAILED",
    error: { code: "not_on_whatsapp", message: "The number is not on WhatsApp." },
  },
  "message.media": { ...message, direction: "in", source: "contact", status: "RECEIVED" },
  "session.connected": { ...session, state: "connected" },
  "session.disconnected": { ...session, state: "disconnected", reason: "logged_out", code: 401 },
  "session.qr_code": {
    ...session,
    state: "qr",
    qr: "https://wa.me/settings/linked_devices#sample",
  },
  "webhook.disabled": {
    endpoint_id: randomUUID(),
    url: "https://example.com/webhooks",
    reason: "failing",
  },
  "webhook.test": { endpoint_id: randomUUID() },
};

export const sampleTypes = Object.keys(samples);

/** An event of this type that did not happen: its seq is 0. Undefined for an unknown type. */
export function sampleEvent(type: string, text: string): ForwardedEvent | undefined {
  const data = samples[type];
  if (data === undefined) return undefined;
  const now = new Date().toISOString();
  const isMessage = type.startsWith("message.");
  return {
    id: `evt_${randomUUID().replaceAll("-", "")}`,
    type,
    timestamp: now,
    tenant_id: "sample",
    session_id: type.startsWith("webhook.") ? null : "main",
    seq: 0,
    data: {
      ...data,
      ...(isMessage ? { id: randomUUID(), text, message: text } : {}),
      created_at: now,
    },
  } as ForwardedEvent;
}
