import { SandboxError } from "../sandbox-error.ts";

/** What a client shows as a QR code. */
export interface QrCode {
  reference: string;
  noiseKey: Buffer;
  identityKey: Buffer;
  advSecret: Buffer;
}

/** Reads the text of a QR code, with or without its `https://wa.me/...#` part. */
export function parseQr(text: string): QrCode {
  const fields = text
    .slice(text.indexOf("#") + 1)
    .trim()
    .split(",");
  const [reference = "", noise = "", identity = "", adv = ""] = fields;
  const keys = [noise, identity, adv].map((field) => Buffer.from(field, "base64"));
  const [noiseKey, identityKey, advSecret] = keys;
  const complete = reference !== "" && keys.every((key) => key.length === 32);
  if (!complete || !noiseKey || !identityKey || !advSecret) {
    throw new SandboxError(
      "invalid_qr",
      "This is not the text of a WhatsApp QR code. Send the raw string that the session shows, not its image.",
    );
  }
  return { reference, noiseKey, identityKey, advSecret };
}
