import { importKey, type Payload, payloadBytes, signedContent, toBase64 } from "./key.ts";

export interface WebhookToSign {
  payload: Payload;
  /** The event's id and type, which headers repeat. */
  id: string;
  type: string;
  secret: string;
  attempt?: number | undefined;
  sentAt?: Date | undefined;
}

/**
 * The headers that the API sends with this body, for tests of a webhook endpoint and for tools that
 * forward events to one.
 */
export async function signWebhook(webhook: WebhookToSign): Promise<Record<string, string>> {
  const { payload, id, type, secret, attempt = 1, sentAt = new Date() } = webhook;
  const bytes = payloadBytes(payload);
  const timestamp = String(Math.floor(sentAt.getTime() / 1_000));
  const key = await importKey(secret);
  const standard = await crypto.subtle.sign("HMAC", key, signedContent(id, timestamp, bytes));
  return {
    "content-type": "application/json",
    "user-agent": "whatsapp-microservice",
    "x-webhook-source": "whatsapp-microservice",
    "x-webhook-event": type,
    "x-webhook-attempt": String(attempt),
    "x-webhook-signature": `sha256=${await simpleSignature(secret, bytes)}`,
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${toBase64(new Uint8Array(standard))}`,
  };
}

/** X-Webhook-Signature uses the whole secret as its key, `whsec_` included. */
async function simpleSignature(secret: string, payload: Uint8Array): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const secretBytes = new TextEncoder().encode(secret);
  const key = await crypto.subtle.importKey("raw", secretBytes, algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, new Uint8Array(payload));
  return Array.from(new Uint8Array(signature), (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
}
