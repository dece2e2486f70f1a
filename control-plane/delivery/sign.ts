import { Webhook } from "standardwebhooks";
import { toHex } from "../auth/hash-key.ts";

export interface SignedDelivery {
  eventId: string;
  eventType: string;
  attempt: number;
  body: string;
  secret: string;
  sentAt: Date;
}

/** The headers of a delivery: this product's own and those of Standard Webhooks. */
export async function deliveryHeaders(delivery: SignedDelivery): Promise<Record<string, string>> {
  return {
    "content-type": "application/json",
    "user-agent": "whatsapp-microservice",
    "x-webhook-source": "whatsapp-microservice",
    "x-webhook-event": delivery.eventType,
    "x-webhook-attempt": String(delivery.attempt),
    "x-webhook-signature": `sha256=${await hmac(delivery.secret, delivery.body)}`,
    "webhook-id": delivery.eventId,
    "webhook-timestamp": String(Math.floor(delivery.sentAt.getTime() / 1000)),
    "webhook-signature": standardSignature(delivery),
  };
}

/** X-Webhook-Signature uses the whole secret as its key, including any `whsec_` prefix. */
async function hmac(secret: string, body: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, [
    "sign",
  ]);
  return toHex(new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(body))));
}

/**
 * Receivers verify with `new Webhook(secret)`, which decodes the secret as base64, with or without
 * `whsec_`. Plain SQL can set a secret that is not base64: it is used as a raw key, which
 * receivers verify with `new Webhook(secret, { format: "raw" })`.
 */
function standardSignature(delivery: SignedDelivery): string {
  return standardWebhook(delivery.secret).sign(delivery.eventId, delivery.sentAt, delivery.body);
}

function standardWebhook(secret: string): Webhook {
  try {
    return new Webhook(secret);
  } catch {
    return new Webhook(secret, { format: "raw" });
  }
}
