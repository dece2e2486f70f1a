// Baileys has one Noise root key for the whole process; here each socket has its own.
import { AsyncLocalStorage } from "node:async_hooks";
import { WA_CERT_DETAILS } from "@whiskeysockets/baileys";

const trusted = new AsyncLocalStorage<Buffer>();
const installed = Symbol.for("whatsapp.rootKeyBySocket");

/**
 * Runs `open` so that the socket it opens checks the server's Noise certificate against this
 * root key. Replacing the key for the process would let the sandbox vouch for WhatsApp, so the key
 * is looked up in the socket's asynchronous context, and a live socket always finds WhatsApp's own.
 * (rc14 ignores the result of its check and relies on TLS; this holds when a later version does not.)
 */
export function withTrustedRootKey<Result>(rootKey: Buffer, open: () => Result): Result {
  if (!(installed in WA_CERT_DETAILS)) {
    const own = WA_CERT_DETAILS.PUBLIC_KEY;
    Object.defineProperty(WA_CERT_DETAILS, installed, { value: true });
    Object.defineProperty(WA_CERT_DETAILS, "PUBLIC_KEY", {
      get: () => trusted.getStore() ?? own,
      enumerable: true,
    });
  }
  return trusted.run(rootKey, open);
}
