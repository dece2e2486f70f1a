// libsignal and Baileys give Node secret keys as bytes; here Node gets them as key objects.
import crypto, { createSecretKey } from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

const patched = ["createCipheriv", "createDecipheriv", "createHmac"] as const;
const installed = Symbol.for("whatsapp.secretKeyObjects");

/**
 * With a key given as bytes, Node 24 throws and catches two exceptions to find out that it is not
 * a key object: four times the work of the HMAC itself, thirty times for each message. The results
 * are the same. Applies to the whole process.
 */
export function useSecretKeyObjects(): void {
  if (installed in crypto) return;
  Object.defineProperty(crypto, installed, { value: true });
  for (const name of patched) {
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
