import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";

/** The first byte of every ciphertext; it names the format, so that keys can be rotated. */
const version = 1;
const nonceBytes = 12;
const tagBytes = 16;
const headerBytes = 1 + nonceBytes + tagBytes;

/** What a ciphertext is for. It cannot be decrypted under another label. */
export interface Label {
  type: string;
  id: string;
}

/**
 * Encrypts the keys and credentials of one session with AES-256-GCM. The key is derived per session
 * (HKDF-SHA-256) and the label is authenticated, so a row cannot be moved to another session or name.
 */
export class SessionCipher {
  readonly #uid: string;
  readonly #key: KeyObject;

  constructor(masterKey: Uint8Array, uid: string) {
    this.#uid = uid;
    const key = hkdfSync("sha256", masterKey, uid, "whatsapp session", 32);
    this.#key = createSecretKey(new Uint8Array(key));
  }

  /** Base64 of version, nonce, tag and ciphertext. */
  encrypt(label: Label, plaintext: string): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    cipher.setAAD(this.#aad(label));
    const encrypted = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final()]);
    return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), encrypted]).toString(
      "base64",
    );
  }

  /** Throws when it was encrypted under another key, session or label. */
  decrypt(label: Label, ciphertext: string): string {
    const bytes = Buffer.from(ciphertext, "base64");
    if (bytes.length < headerBytes || bytes[0] !== version) {
      throw new Error("The ciphertext is truncated or has an unknown version");
    }
    const nonce = bytes.subarray(1, 1 + nonceBytes);
    const decipher = createDecipheriv("aes-256-gcm", this.#key, nonce, { authTagLength: tagBytes });
    decipher.setAAD(this.#aad(label));
    decipher.setAuthTag(bytes.subarray(1 + nonceBytes, headerBytes));
    return decipher.update(bytes.subarray(headerBytes), undefined, "utf8") + decipher.final("utf8");
  }

  #aad({ type, id }: Label): Buffer {
    return Buffer.from(`${this.#uid}|${type}|${id}`);
  }
}
