import { Webhook } from "standardwebhooks";
import { toHex } from "../auth/hash-key.ts";

export interface SignedDelivery {
  eventId: string;
  eventType: string;
  attempt: number;
  body: string;
  /** The present secret, and during the overlap of a rotation the one before it. */
  secrets: readonly string[];
  sentAt: Date;
}

/** The headers of a delivery: this product's own and those of Standard Webhooks. */
export async function deliveryHeaders(delivery: SignedDelivery): Promise<Record<string, string>> {
  const [signature, former] = await Promise.all(
    delivery.secrets.map(async (secret) => `sha256=${await hmac(secret, delivery.body)}`),
  );
  return {
    "content-type": "application/json",
    "user-agent": "whatsapp-microservice",
    "x-webhook-source": "whatsapp-microservice",
    "x-webhook-event": delivery.eventType,
    "x-webhook-attempt": String(delivery.attempt),
    ...(signature === undefined ? {} : { "x-webhook-signature": signature }),
    ...(former === undefined ? {} : { "x-webhook-signature-former": former }),
    "webhook-id": delivery.eventId,
    "webhook-timestamp": String(Math.floor(delivery.sentAt.getTime() / 1000)),
    "webhook-signature": standardSignatures(delivery),
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
function standardSignatures({ secrets, eventId, sentAt, body }: SignedDelivery): string {
  return secrets.map((secret) => standardWebhook(secret).sign(eventId, sentAt, body)).join(" ");
}

function standardWebhook(secret: string): Webhook {
  try {
    return new Webhook(secret);
  } catch {
    return new Webhook(secret, { format: "raw" });
  }
}
