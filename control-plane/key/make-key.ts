import type { Network } from "../../shared/session.ts";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const randomLength = 32;
const prefixLength = 10;

/** A new key: `sk_live_` or `sk_test_` and 32 random characters of 62, about 190 bits. */
export function makeKey(network: Network): { key: string; prefix: string } {
  let random = "";
  while (random.length < randomLength) {
    for (const byte of crypto.getRandomValues(new Uint8Array(randomLength))) {
      // 248 is the largest multiple of 62 in a byte; higher values would bias the first letters.
      if (byte < 248 && random.length < randomLength) random += alphabet.charAt(byte % 62);
    }
  }
  const key = `sk_${network === "sandbox" ? "test" : "live"}_${random}`;
  return { key, prefix: key.slice(0, prefixLength) };
}
