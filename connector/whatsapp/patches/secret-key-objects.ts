import crypto, { createSecretKey } from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

const takers = ["createCipheriv", "createDecipheriv", "createHmac"] as const;
const installed = Symbol.for("whatsapp.quickSecretKeys");

/**
 * libsignal and Baileys give their keys as bytes, of which Node 24 makes sure by two exceptions
 * that they are no key objects: four times the work of the HMAC itself, thirty times a message.
 * Here such bytes become a key object, at once and for everybody; the result is the same.
 */
export function useSecretKeyObjects(): void {
  if (installed in crypto) return;
  Object.defineProperty(crypto, installed, { value: true });
  for (const name of takers) {
    const original = crypto[name];
    Reflect.set(crypto, name, (algorithm: string, key: unknown, ...rest: unknown[]): unknown =>
      Reflect.apply(original, crypto, [
        algorithm,
        key instanceof Uint8Array ? createSecretKey(key) : key,
        ...rest,
      ]),
    );
  }
  syncBuiltinESMExports();
}
