import { Curve, proto, WA_CERT_DETAILS } from "@whiskeysockets/baileys";
import type { KeyPair } from "@whiskeysockets/baileys";

/** The server's keys. Clients trust `root`; the handshake uses `static`. */
export interface ServerKeys {
  root: KeyPair;
  intermediate: KeyPair;
  static: KeyPair;
}

export function generateServerKeys(): ServerKeys {
  return {
    root: Curve.generateKeyPair(),
    intermediate: Curve.generateKeyPair(),
    static: Curve.generateKeyPair(),
  };
}

/** The certificate chain of the server hello: root signs intermediate, which signs the static key. */
export function certificateChain(keys: ServerKeys): Uint8Array {
  const intermediate = proto.CertChain.NoiseCertificate.Details.encode({
    serial: 1,
    issuerSerial: WA_CERT_DETAILS.SERIAL,
    key: keys.intermediate.public,
  }).finish();
  const leaf = proto.CertChain.NoiseCertificate.Details.encode({
    serial: 2,
    issuerSerial: 1,
    key: keys.static.public,
  }).finish();
  return proto.CertChain.encode({
    intermediate: {
      details: intermediate,
      signature: Curve.sign(keys.root.private, intermediate),
    },
    leaf: { details: leaf, signature: Curve.sign(keys.intermediate.private, leaf) },
  }).finish();
}
