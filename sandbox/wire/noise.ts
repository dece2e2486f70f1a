import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";
import {
  aesDecryptGCM,
  aesEncryptGCM,
  Curve,
  hkdf,
  NOISE_MODE,
  sha256,
} from "@whiskeysockets/baileys";
import type { KeyPair } from "@whiskeysockets/baileys";

const noAdditionalData = Buffer.alloc(0);
const algorithm = "aes-256-gcm";
const tagBytes = 16;

/** One direction of an established connection: AES-256-GCM with a counter as nonce. */
export class TransportCipher {
  // A key object, because node takes longer to inspect a plain buffer than to encrypt a frame.
  readonly #key: KeyObject;
  readonly #iv = Buffer.alloc(12);
  #counter = 0;

  constructor(key: Uint8Array) {
    this.#key = createSecretKey(key);
  }

  encrypt(plaintext: Uint8Array): Buffer {
    const cipher = createCipheriv(algorithm, this.#key, this.#nextIv());
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }

  /** Throws when the peer sent anything but the next frame of this key. */
  decrypt(sealed: Uint8Array): Buffer {
    const decipher = createDecipheriv(algorithm, this.#key, this.#nextIv());
    const end = sealed.length - tagBytes;
    decipher.setAuthTag(sealed.subarray(end));
    return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]);
  }

  #nextIv(): Buffer {
    // WhatsApp keeps the counter at offset 8, big endian.
    this.#iv.writeUInt32BE(this.#counter, 8);
    this.#counter += 1;
    return this.#iv;
  }
}

/** The responder's side of `Noise_XX_25519_AESGCM_SHA256` as WhatsApp's servers play it. */
export class NoiseResponder {
  #hash: Buffer;
  #salt: Buffer;
  #key: Buffer;
  #counter = 0;
  readonly #ephemeral: KeyPair;

  constructor(intro: Uint8Array) {
    this.#hash = Buffer.from(NOISE_MODE);
    this.#salt = this.#hash;
    this.#key = this.#hash;
    this.#ephemeral = Curve.generateKeyPair();
    this.#mixHash(intro);
  }

  /** Answers the client's first message: our keys and the certificate that vouches for them. */
  hello(clientEphemeral: Uint8Array, serverStatic: KeyPair, certificate: Uint8Array) {
    this.#mixHash(clientEphemeral);
    this.#mixHash(this.#ephemeral.public);
    this.#mixKey(Curve.sharedKey(this.#ephemeral.private, clientEphemeral));
    const sealedStatic = this.#encrypt(serverStatic.public);
    this.#mixKey(Curve.sharedKey(serverStatic.private, clientEphemeral));
    const payload = this.#encrypt(certificate);
    return { ephemeral: this.#ephemeral.public, static: sealedStatic, payload };
  }

  /** Opens the client's last handshake message; throws when its keys do not fit. */
  finish(sealedStatic: Uint8Array, sealedPayload: Uint8Array) {
    const clientStatic = this.#decrypt(sealedStatic);
    this.#mixKey(Curve.sharedKey(this.#ephemeral.private, clientStatic));
    const payload = this.#decrypt(sealedPayload);
    const keys = this.#derive(noAdditionalData);
    return {
      clientStatic,
      payload,
      incoming: new TransportCipher(keys.subarray(0, 32)),
      outgoing: new TransportCipher(keys.subarray(32)),
    };
  }

  #mixHash(data: Uint8Array): void {
    this.#hash = sha256(Buffer.concat([this.#hash, data]));
  }

  #mixKey(secret: Uint8Array): void {
    const keys = this.#derive(secret);
    this.#salt = keys.subarray(0, 32);
    this.#key = keys.subarray(32);
    this.#counter = 0;
  }

  #derive(secret: Uint8Array): Buffer {
    return Buffer.from(hkdf(Buffer.from(secret), 64, { salt: this.#salt, info: "" }));
  }

  #iv(): Buffer {
    const iv = Buffer.alloc(12);
    iv.writeUInt32BE(this.#counter++, 8);
    return iv;
  }

  #encrypt(plaintext: Uint8Array): Buffer {
    const sealed = aesEncryptGCM(plaintext, this.#key, this.#iv(), this.#hash);
    this.#mixHash(sealed);
    return sealed;
  }

  #decrypt(sealed: Uint8Array): Buffer {
    const plaintext = aesDecryptGCM(sealed, this.#key, this.#iv(), this.#hash);
    this.#mixHash(sealed);
    return plaintext;
  }
}
