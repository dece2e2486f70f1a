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

/** One direction of an established connection: AES-256-GCM with a counter as the nonce. */
export class TransportCipher {
  // With a Buffer as the key, Node spends more time on checking it than on encrypting a frame.
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

  /** Throws if this is not the next frame encrypted with this key. */
  decrypt(frame: Uint8Array): Buffer {
    const decipher = createDecipheriv(algorithm, this.#key, this.#nextIv());
    const end = frame.length - tagBytes;
    decipher.setAuthTag(frame.subarray(end));
    return Buffer.concat([decipher.update(frame.subarray(0, end)), decipher.final()]);
  }

  #nextIv(): Buffer {
    // WhatsApp writes the counter at offset 8, big-endian.
    this.#iv.writeUInt32BE(this.#counter, 8);
    this.#counter += 1;
    return this.#iv;
  }
}

/** A client that knows the server's static key starts with this. */
const resumeMode = Buffer.from(NOISE_MODE.replace("_XX_", "_IK_"));

/** What the server answers when it does not have that key any more. Hashed, as it is longer than 32 bytes. */
const fallbackMode = sha256(Buffer.from("Noise_XXfallback_25519_AESGCM_SHA256"));

/** What a handshake gives the server. */
export interface Handshake {
  clientStatic: Buffer;
  payload: Buffer;
  incoming: TransportCipher;
  outgoing: TransportCipher;
}

/** A client hello that resumes. */
export interface ResumeHello {
  ephemeral: Uint8Array;
  static: Uint8Array;
  payload: Uint8Array;
}

/**
 * Answers a client hello that resumes (`Noise_IK_25519_AESGCM_SHA256`): one round trip. Returns
 * undefined if the hello is not for this static key; the answer then is `fallBack`.
 */
export function resume(
  header: Uint8Array,
  hello: ResumeHello,
  server: { key: KeyPair; certificate: Uint8Array },
):
  | { handshake: Handshake; serverHello: { ephemeral: Uint8Array; payload: Uint8Array } }
  | undefined {
  const noise = new NoiseResponder(header, resumeMode);
  try {
    return noise.resume(hello, server);
  } catch {
    return undefined;
  }
}

/** Goes on as a full handshake with the ephemeral key of a hello that could not be resumed. */
export function fallBack(header: Uint8Array): NoiseResponder {
  return new NoiseResponder(header, fallbackMode);
}

/** The responder of `Noise_XX_25519_AESGCM_SHA256`, the role of WhatsApp's server. */
export class NoiseResponder {
  #hash: Buffer;
  #salt: Buffer;
  #key: Buffer;
  #counter = 0;
  readonly #ephemeral: KeyPair;

  constructor(header: Uint8Array, mode: Uint8Array = Buffer.from(NOISE_MODE)) {
    this.#hash = Buffer.from(mode);
    this.#salt = this.#hash;
    this.#key = this.#hash;
    this.#ephemeral = Curve.generateKeyPair();
    this.#mixHash(header);
  }

  /** Returns the server hello: the ephemeral key, the encrypted static key and certificate chain. */
  hello(clientEphemeral: Uint8Array, serverStatic: KeyPair, certificate: Uint8Array) {
    this.#mixHash(clientEphemeral);
    this.#mixHash(this.#ephemeral.public);
    this.#mixKey(Curve.sharedKey(this.#ephemeral.private, clientEphemeral));
    const encryptedStatic = this.#encrypt(serverStatic.public);
    this.#mixKey(Curve.sharedKey(serverStatic.private, clientEphemeral));
    const payload = this.#encrypt(certificate);
    return { ephemeral: this.#ephemeral.public, static: encryptedStatic, payload };
  }

  /**
   * Decrypts the client's last handshake message and returns its static key, its payload and the
   * transport ciphers. Throws if the message is not authentic.
   */
  finish(encryptedStatic: Uint8Array, encryptedPayload: Uint8Array): Handshake {
    const clientStatic = this.#decrypt(encryptedStatic);
    this.#mixKey(Curve.sharedKey(this.#ephemeral.private, clientStatic));
    const payload = this.#decrypt(encryptedPayload);
    return { clientStatic, payload, ...this.#split() };
  }

  /** The whole handshake of a client that resumes. Throws if the hello is not authentic. */
  resume(hello: ResumeHello, server: { key: KeyPair; certificate: Uint8Array }) {
    this.#mixHash(server.key.public);
    this.#mixHash(hello.ephemeral);
    this.#mixKey(Curve.sharedKey(server.key.private, hello.ephemeral));
    const clientStatic = this.#decrypt(hello.static);
    this.#mixKey(Curve.sharedKey(server.key.private, clientStatic));
    const payload = this.#decrypt(hello.payload);
    this.#mixHash(this.#ephemeral.public);
    this.#mixKey(Curve.sharedKey(this.#ephemeral.private, hello.ephemeral));
    this.#mixKey(Curve.sharedKey(this.#ephemeral.private, clientStatic));
    const serverHello = {
      ephemeral: this.#ephemeral.public,
      payload: this.#encrypt(server.certificate),
    };
    return { serverHello, handshake: { clientStatic, payload, ...this.#split() } };
  }

  #split(): Pick<Handshake, "incoming" | "outgoing"> {
    const keys = this.#derive(noAdditionalData);
    return {
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
    const ciphertext = aesEncryptGCM(plaintext, this.#key, this.#iv(), this.#hash);
    this.#mixHash(ciphertext);
    return ciphertext;
  }

  #decrypt(ciphertext: Uint8Array): Buffer {
    const plaintext = aesDecryptGCM(ciphertext, this.#key, this.#iv(), this.#hash);
    this.#mixHash(ciphertext);
    return plaintext;
  }
}
