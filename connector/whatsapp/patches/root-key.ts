import { AsyncLocalStorage } from "node:async_hooks";
import { WA_CERT_DETAILS } from "@whiskeysockets/baileys";

const trusted = new AsyncLocalStorage<Buffer>();
const installed = Symbol.for("whatsapp.rootKeyBySocket");

/**
 * Runs `open` so that the socket it opens checks the server's Noise certificate against this
 * root key. Baileys has one root key for the whole process, and replacing it would let the
 * sandbox vouch for WhatsApp, so the key is looked up by the socket that asks: a live socket
 * always finds WhatsApp's own. (rc14 ignores what its check says; TLS is what proves the live
 * server there. This holds when a later version minds it.)
 */
export function trustingRootKey<Result>(rootKey: Buffer, open: () => Result): Result {
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
