import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";

/** The first byte of every ciphertext names the format: 2 is followed by the id of the key. */
const version = 2;
/** The format before it, which does not say its key. */
const versionWithoutKeyId = 1;
const keyIdBytes = 4;
const nonceBytes = 12;
const tagBytes = 16;

/** The key that encrypts, and another one that only decrypts while keys are rotated. */
export interface MasterKeys {
  current: Uint8Array;
  old?: Uint8Array | undefined;
}

/** What a ciphertext is for. It cannot be decrypted under another label. */
export interface Label {
  type: string;
  id: string;
}

/** What ciphertexts under this master key begin with: the version and the id of the key. */
export function ciphertextPrefix(masterKey: Uint8Array): Buffer {
  const digest = createHash("sha256").update("master key id").update(masterKey).digest();
  return Buffer.concat([Buffer.of(version), digest.subarray(0, keyIdBytes)]);
}

/**
 * Encrypts the keys and credentials of one session with AES-256-GCM. The key is derived per session
 * (HKDF-SHA-256) and the label is authenticated, so a row cannot be moved to another session or name.
 */
export class SessionCipher {
  readonly #uid: string;
  readonly #current: { prefix: Buffer; key: KeyObject };
  readonly #old: { prefix: Buffer; key: KeyObject } | undefined;

  constructor({ current, old }: MasterKeys, uid: string) {
    this.#uid = uid;
    this.#current = { prefix: ciphertextPrefix(current), key: deriveKey(current, uid) };
    this.#old =
      old === undefined ? undefined : { prefix: ciphertextPrefix(old), key: deriveKey(old, uid) };
  }

  /** Base64 of version, key id, nonce, tag and ciphertext. */
  encrypt(label: Label, plaintext: string): string {
    const { prefix, key } = this.#current;
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    cipher.setAAD(this.#aad(label));
    const encrypted = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final()]);
    return Buffer.concat([prefix, nonce, cipher.getAuthTag(), encrypted]).toString("base64");
  }

  /** Throws when it was encrypted under a key that is not known, or another session or label. */
  decrypt(label: Label, ciphertext: string): string {
    const bytes = Buffer.from(ciphertext, "base64");
    if (bytes[0] === versionWithoutKeyId) return this.#decryptWithAnyKey(label, bytes);
    const prefix = bytes.subarray(0, this.#current.prefix.length);
    const used = [this.#current, this.#old].find((candidate) => candidate?.prefix.equals(prefix));
    if (used === undefined) {
      throw new Error(
        bytes[0] === version
          ? "The ciphertext cannot be authenticated: it is under another ENCRYPTION_KEY"
          : "The ciphertext is truncated or has an unknown version",
      );
    }
    return this.#open(label, used.key, bytes.subarray(prefix.length));
  }

  /** Whether it should be encrypted anew: it is under the old key, or does not say its key. */
  isStale(ciphertext: string): boolean {
    const { prefix } = this.#current;
    // 8 characters of base64 are 6 bytes, one more than the prefix.
    return !Buffer.from(ciphertext.slice(0, 8), "base64").subarray(0, prefix.length).equals(prefix);
  }

  #decryptWithAnyKey(label: Label, bytes: Buffer): string {
    const body = bytes.subarray(1);
    if (this.#old === undefined) return this.#open(label, this.#current.key, body);
    try {
      return this.#open(label, this.#current.key, body);
    } catch {
      return this.#open(label, this.#old.key, body);
    }
  }

  #open(label: Label, key: KeyObject, body: Buffer): string {
    if (body.length < nonceBytes + tagBytes) {
      throw new Error("The ciphertext is truncated or has an unknown version");
    }
    const nonce = body.subarray(0, nonceBytes);
    const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
    decipher.setAAD(this.#aad(label));
    decipher.setAuthTag(body.subarray(nonceBytes, nonceBytes + tagBytes));
    const encrypted = body.subarray(nonceBytes + tagBytes);
    return decipher.update(encrypted, undefined, "utf8") + decipher.final("utf8");
  }

  #aad({ type, id }: Label): Buffer {
    return Buffer.from(`${this.#uid}|${type}|${id}`);
  }
}

function deriveKey(masterKey: Uint8Array, uid: string): KeyObject {
  return createSecretKey(
    new Uint8Array(hkdfSync("sha256", masterKey, uid, "whatsapp session", 32)),
  );
}
