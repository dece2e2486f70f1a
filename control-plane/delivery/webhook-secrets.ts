import { toHex } from "../auth/hash-key.ts";

const prefix = "sealed:";
const nonceBytes = 12;
const keyIdCharacters = 8;

interface SealingKey {
  id: string;
  key: CryptoKey;
}

/** What the database holds of a secret. */
export interface StoredSecret {
  tenantId: string;
  /** `sealed:<key id>:<base64 of nonce and ciphertext>`, or the secret itself when it came by SQL. */
  stored: string;
}

/**
 * Encrypts the secrets of webhook endpoints with AES-256-GCM. The tenant is authenticated, so that a
 * row's secret cannot be moved to another tenant; the id of the key says which one it was.
 */
export class WebhookSecrets {
  readonly #current: Promise<SealingKey>;
  readonly #old: Promise<SealingKey> | undefined;

  /** @param keys 32 bytes each, in base64; secrets under `old` can be read, and are sealed anew */
  constructor(keys: { current: string; old: string | undefined }) {
    this.#current = importKey(keys.current);
    this.#old = keys.old === undefined ? undefined : importKey(keys.old);
  }

  /** The form in which a secret is stored. */
  async seal(tenantId: string, secret: string): Promise<string> {
    const { id, key } = await this.#current;
    const iv = crypto.getRandomValues(new Uint8Array(nonceBytes));
    const encrypted = await crypto.subtle.encrypt(
      { name: "AES-GCM", iv, additionalData: label(tenantId) },
      key,
      new TextEncoder().encode(secret),
    );
    const bytes = new Uint8Array([...iv, ...new Uint8Array(encrypted)]);
    return `${prefix}${id}:${btoa(String.fromCharCode(...bytes))}`;
  }

  /** The secret itself; undefined when it cannot be decrypted with the keys of this deployment. */
  async open({ tenantId, stored }: StoredSecret): Promise<string | undefined> {
    if (!stored.startsWith(prefix)) return stored;
    const [id, base64 = ""] = stored.slice(prefix.length).split(":");
    const keys = await Promise.all([this.#current, this.#old]);
    const sealingKey = keys.find((candidate) => candidate?.id === id);
    if (sealingKey === undefined) return undefined;
    try {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const decrypted = await crypto.subtle.decrypt(
        {
          name: "AES-GCM",
          iv: bytes.subarray(0, nonceBytes),
          additionalData: label(tenantId),
        },
        sealingKey.key,
        bytes.subarray(nonceBytes),
      );
      return new TextDecoder().decode(decrypted);
    } catch {
      return undefined;
    }
  }

  /** Whether the stored form should be replaced: it is plain, or under the old key. */
  async isStale(stored: string): Promise<boolean> {
    const { id } = await this.#current;
    return !stored.startsWith(`${prefix}${id}:`);
  }

  /** What the stored form of an up-to-date secret begins with. */
  async currentPrefix(): Promise<string> {
    return `${prefix}${(await this.#current).id}:`;
  }

  get hasOldKey(): boolean {
    return this.#old !== undefined;
  }
}

async function importKey(base64: string): Promise<SealingKey> {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const key = await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
  return { id: toHex(digest).slice(0, keyIdCharacters), key };
}

function label(tenantId: string) {
  return new TextEncoder().encode(`webhook secret|${tenantId}`);
}
