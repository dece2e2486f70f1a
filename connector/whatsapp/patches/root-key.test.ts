import {
  aesEncryptGCM,
  Curve,
  hkdf,
  type KeyPair,
  makeNoiseHandler,
  NOISE_MODE,
  NOISE_WA_HEADER,
  proto,
  sha256,
  WA_CERT_DETAILS,
} from "@whiskeysockets/baileys";
import { pino } from "pino";
import { expect, test } from "vitest";
import { withTrustedRootKey } from "./root-key.ts";

const whatsAppKey = WA_CERT_DETAILS.PUBLIC_KEY;
const sandboxKey = Curve.generateKeyPair();

test("a socket sees its own root key for as long as it lives, every other one WhatsApp's", async () => {
  const { promise: later, resolve } = Promise.withResolvers<undefined>();
  const seenLater = withTrustedRootKey(Buffer.from(sandboxKey.public), async () => {
    await later;
    return WA_CERT_DETAILS.PUBLIC_KEY;
  });
  expect(WA_CERT_DETAILS.PUBLIC_KEY).toEqual(whatsAppKey);
  resolve(undefined);
  expect(await seenLater).toEqual(Buffer.from(sandboxKey.public));
  expect(WA_CERT_DETAILS.PUBLIC_KEY).toEqual(whatsAppKey);
});

test("Baileys reads the root key when it checks a certificate, not before", () => {
  const seen: Uint8Array[] = [];
  const verify = Curve.verify;
  Curve.verify = (key, message, signature) => {
    seen.push(key);
    return verify(key, message, signature);
  };
  const client = Curve.generateKeyPair();
  const handshake = () => {
    const noise = makeNoiseHandler({
      keyPair: client,
      NOISE_HEADER: NOISE_WA_HEADER,
      logger: pino({ level: "silent" }),
    });
    const hello = proto.HandshakeMessage.fromObject({ serverHello: serverHello(client) });
    noise.processHandshake(hello, Curve.generateKeyPair());
  };
  try {
    handshake();
    expect(seen).toContainEqual(whatsAppKey);
    seen.length = 0;
    withTrustedRootKey(Buffer.from(sandboxKey.public), handshake);
    expect(seen).toContainEqual(Buffer.from(sandboxKey.public));
    expect(seen).not.toContainEqual(whatsAppKey);
  } finally {
    Curve.verify = verify;
  }
});

/** The answer of a Noise XX responder, with a certificate that the sandbox's root key signed. */
function serverHello(client: KeyPair): proto.HandshakeMessage.IServerHello {
  const ephemeral = Curve.generateKeyPair();
  const staticKeys = Curve.generateKeyPair();
  let hash = [NOISE_WA_HEADER, client.public, ephemeral.public].reduce<Buffer>(
    (before, part) => sha256(Buffer.concat([before, part])),
    Buffer.from(NOISE_MODE),
  );
  let keys = Buffer.from(NOISE_MODE);
  const mix = (secret: Uint8Array) => {
    keys = Buffer.from(hkdf(Buffer.from(secret), 64, { salt: keys.subarray(0, 32), info: "" }));
  };
  const encrypt = (plaintext: Uint8Array) => {
    const ciphertext = aesEncryptGCM(plaintext, keys.subarray(32), Buffer.alloc(12), hash);
    hash = sha256(Buffer.concat([hash, ciphertext]));
    return ciphertext;
  };
  mix(Curve.sharedKey(ephemeral.private, client.public));
  const encryptedStatic = encrypt(staticKeys.public);
  mix(Curve.sharedKey(staticKeys.private, client.public));
  return {
    ephemeral: ephemeral.public,
    static: encryptedStatic,
    payload: encrypt(certificateChain(staticKeys)),
  };
}

function certificateChain(staticKeys: KeyPair): Uint8Array {
  const { Details } = proto.CertChain.NoiseCertificate;
  const intermediate = Curve.generateKeyPair();
  const issued = Details.encode({
    serial: 1,
    issuerSerial: WA_CERT_DETAILS.SERIAL,
    key: intermediate.public,
  }).finish();
  const leaf = Details.encode({ serial: 2, issuerSerial: 1, key: staticKeys.public }).finish();
  return proto.CertChain.encode({
    intermediate: { details: issued, signature: Curve.sign(sandboxKey.private, issued) },
    leaf: { details: leaf, signature: Curve.sign(intermediate.private, leaf) },
  }).finish();
}
