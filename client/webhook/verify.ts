import { WebhookVerificationError } from "../errors.ts";
import type { WhatsAppEvent } from "../types.generated.ts";
import {
  fromBase64,
  type HmacKey,
  importKey,
  type Payload,
  payloadBytes,
  signedContent,
} from "./key.ts";

/** Headers of a request: of the Fetch API, or of Node's `request.headers`. */
export type WebhookHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface VerifyOptions {
  /** How old, or how far ahead, a request may be. Default 300 seconds. */
  toleranceSeconds?: number | undefined;
  now?: (() => number) | undefined;
}

/** A request with more signatures is not one of the API. */
const maxSignatures = 20;

/**
 * Verifies a webhook and gives its event. `payload` is the body as it came, before any parser.
 * While a secret is rotated pass both: `[newSecret, oldSecret]`. An event may come twice: ignore an
 * `id` that was handled.
 * @throws WebhookVerificationError
 * @example const event = await verifyWebhook(await request.text(), request.headers, secret);
 */
export async function verifyWebhook(
  payload: Payload,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  options: VerifyOptions = {},
): Promise<WhatsAppEvent> {
  const id = required(headers, "webhook-id");
  const timestamp = required(headers, "webhook-timestamp");
  const signatures = required(headers, "webhook-signature").split(" ", maxSignatures);
  rejectWrongTime(timestamp, options);
  const bytes = payloadBytes(payload);
  const content = signedContent(id, timestamp, bytes);
  const secrets = typeof secret === "string" ? [secret] : secret;
  const keys = await Promise.all(secrets.map(importKey));
  if (!(await isSignedByOne(keys, signatures, content))) {
    throw new WebhookVerificationError(
      "wrong_signature",
      "No signature of the webhook is right. Check that the secret is this endpoint's and that the payload is the body as it came.",
    );
  }
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return JSON.parse(new TextDecoder().decode(bytes)) as WhatsAppEvent; // Its signature is right.
  } catch (cause) {
    throw new WebhookVerificationError("invalid_payload", "The body is not JSON.", cause);
  }
}

/** `crypto.subtle.verify` compares in constant time. */
async function isSignedByOne(
  keys: readonly HmacKey[],
  signatures: readonly string[],
  content: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  for (const one of signatures) {
    const signature = one.startsWith("v1,") ? fromBase64(one.slice(3)) : undefined;
    if (signature === undefined) continue;
    for (const key of keys) {
      if (await crypto.subtle.verify("HMAC", key, signature, content)) return true;
    }
  }
  return false;
}

function rejectWrongTime(timestamp: string, { toleranceSeconds = 300, now }: VerifyOptions): void {
  const nowSeconds = (now ?? Date.now)() / 1_000;
  if (!/^\d{1,12}$/.test(timestamp)) {
    throw new WebhookVerificationError("wrong_timestamp", "webhook-timestamp is not a time.");
  }
  const ageSeconds = Math.round(nowSeconds - Number(timestamp));
  if (Math.abs(ageSeconds) > toleranceSeconds) {
    throw new WebhookVerificationError(
      "wrong_timestamp",
      `The webhook is ${Math.abs(ageSeconds)} s ${ageSeconds > 0 ? "old" : "ahead"}; ${toleranceSeconds} s are allowed. Check this machine's clock, or refuse a repetition.`,
    );
  }
}

function required(headers: WebhookHeaders, name: string): string {
  const value = headerOf(headers, name);
  if (value !== undefined && value !== "") return value;
  throw new WebhookVerificationError("missing_header", `The header ${name} is missing.`);
}

function headerOf(headers: WebhookHeaders, name: string): string | undefined {
  if (isFetchHeaders(headers)) return headers.get(name) ?? undefined;
  const found = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  return typeof found === "object" ? found.join(" ") : found;
}

function isFetchHeaders(
  headers: WebhookHeaders,
): headers is Extract<WebhookHeaders, { get(name: string): string | null }> {
  return typeof headers["get"] === "function";
}
