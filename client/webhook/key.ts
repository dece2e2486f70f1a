/** Node's types do not name CryptoKey as a global type. */
export type HmacKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

const encoder = new TextEncoder();

/**
 * The HMAC key of a secret, as the API signs with it: base64 after an optional `whsec_`; a secret
 * that is not base64 is the key itself.
 */
export function importKey(secret: string): Promise<HmacKey> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", keyBytes(secret), algorithm, false, ["sign", "verify"]);
}

function keyBytes(secret: string): Uint8Array<ArrayBuffer> {
  if (secret === "") throw new TypeError("The webhook secret must not be empty.");
  return (
    fromBase64(secret.replace(/^whsec_/, "")) ??
    Uint8Array.from(secret, (character) => character.charCodeAt(0))
  );
}

/** Undefined when the text is not base64. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** What Standard Webhooks signs: the id, the time and the body as it came. */
export function signedContent(
  id: string,
  timestamp: string,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const start = encoder.encode(`${id}.${timestamp}.`);
  const content = new Uint8Array(start.length + payload.length);
  content.set(start);
  content.set(payload, start.length);
  return content;
}

export type Payload = string | Uint8Array | ArrayBuffer;

export function payloadBytes(payload: Payload): Uint8Array {
  if (typeof payload === "string") return encoder.encode(payload);
  return payload instanceof Uint8Array ? payload : new Uint8Array(payload);
}
