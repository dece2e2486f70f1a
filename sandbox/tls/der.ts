/** DER (ITU-T X.690), as much of it as an X.509 certificate needs. */

function value(tag: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([tag]), length(content.length), content]);
}

function length(bytes: number): Buffer {
  if (bytes < 0x80) return Buffer.from([bytes]);
  const digits = Buffer.from(bytes.toString(16).padStart(bytes < 0x100 ? 2 : 4, "0"), "hex");
  return Buffer.concat([Buffer.from([0x80 | digits.length]), digits]);
}

export const sequence = (...items: Uint8Array[]) => value(0x30, Buffer.concat(items));
export const set = (...items: Uint8Array[]) => value(0x31, Buffer.concat(items));
export const boolean = (truth: boolean) => value(0x01, Buffer.from([truth ? 0xff : 0]));
export const octetString = (bytes: Uint8Array) => value(0x04, bytes);
export const utf8String = (text: string) => value(0x0c, Buffer.from(text));

/** A positive integer, big-endian. */
export function integer(bytes: Uint8Array): Buffer {
  const isNegative = ((bytes[0] ?? 0) & 0x80) !== 0;
  return value(0x02, isNegative ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

export function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return value(0x03, Buffer.concat([Buffer.from([unusedBits]), bytes]));
}

/** An object identifier such as "2.5.29.17". */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const digits = [part & 0x7f];
    for (let left = part >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return value(0x06, Buffer.from(bytes));
}

/** UTCTime until 2049 and GeneralizedTime after it, as RFC 5280 demands. */
export function time(date: Date): Buffer {
  const digits = `${date.toISOString().replaceAll(/[-:T]/g, "").slice(0, 14)}Z`;
  return date.getUTCFullYear() < 2050
    ? value(0x17, Buffer.from(digits.slice(2)))
    : value(0x18, Buffer.from(digits));
}

/** A context-specific tag: explicit around `content`, or implicit with `content` as the value. */
export function tagged(tag: number, content: Uint8Array, form: "explicit" | "implicit"): Buffer {
  return value((form === "explicit" ? 0xa0 : 0x80) | tag, content);
}
