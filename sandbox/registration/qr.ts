import { SandboxError } from "../sandbox-error.ts";

/** The content of a client's QR code. */
export interface QrCode {
  ref: string;
  noiseKey: Buffer;
  identityKey: Buffer;
  advSecret: Buffer;
}

/** Parses the text of a QR code, with or without the `https://wa.me/...#` prefix. */
export function parseQr(text: string): QrCode {
  const fields = text
    .slice(text.indexOf("#") + 1)
    .trim()
    .split(",");
  const [ref = "", noise = "", identity = "", adv = ""] = fields;
  const keys = [noise, identity, adv].map((field) => Buffer.from(field, "base64"));
  const [noiseKey, identityKey, advSecret] = keys;
  const complete = ref !== "" && keys.every((key) => key.length === 32);
  if (!complete || !noiseKey || !identityKey || !advSecret) {
    throw new SandboxError(
      "invalid_qr",
      "This is not the text of a WhatsApp QR code. Send the string that the client puts into the QR code, not an image.",
    );
  }
  return { ref, noiseKey, identityKey, advSecret };
}
