import { withRetry } from "../database/with-retry.ts";
import type { Database } from "../database/database.ts";
import { type MasterKeys, SessionCipher } from "../keys/cipher.ts";
import { decodeJson, encodeJson } from "../keys/json.ts";
import { KeyStore } from "../keys/key-store.ts";
import { type Credentials, credentialsSchema, newCredentials } from "../whatsapp/auth-state.ts";
import { createDeviceCaches, type DeviceCaches } from "../whatsapp/device-caches.ts";
import { createDeviceLocks, type DeviceLocks } from "../whatsapp/device-locks.ts";
import type { Item, KeyRow } from "../write/write.ts";

const keysInMemory = 400;
const credentialsLabel = { type: "credentials", id: "" };

export interface DeviceOptions {
  uid: string;
  /** The stored credentials in base64; null when the session was never paired. */
  ciphertext: string | null;
  database: Database;
  masterKeys: MasterKeys;
  commit: (write: { keys: KeyRow[]; items: Item[] }) => Promise<unknown>;
}

/** The companion device that a session is, or becomes by pairing: its credentials and keys. */
export class Device {
  readonly #options: DeviceOptions;
  readonly #cipher: SessionCipher;
  credentials: Credentials;
  keys: KeyStore;
  caches: DeviceCaches = createDeviceCaches();
  locks: DeviceLocks = createDeviceLocks();

  /** Throws when the credentials cannot be read: they were encrypted under another key. */
  constructor(options: DeviceOptions) {
    const { uid, masterKeys, ciphertext } = options;
    this.#options = options;
    this.#cipher = new SessionCipher(masterKeys, uid);
    this.credentials =
      ciphertext === null
        ? newCredentials()
        : credentialsSchema.parse(decodeJson(this.#cipher.decrypt(credentialsLabel, ciphertext)));
    this.keys = this.#openKeys(ciphertext === null);
  }

  /** Whether the stored credentials should be encrypted anew. */
  get isStale(): boolean {
    const { ciphertext } = this.#options;
    return ciphertext !== null && this.#cipher.isStale(ciphertext);
  }

  /** Becomes another device, with nothing of the former one. */
  reset(): void {
    this.keys.close();
    this.keys = this.#openKeys(true);
    this.credentials = newCredentials();
    this.caches = createDeviceCaches();
    this.locks = createDeviceLocks();
  }

  /** The credentials in the form in which they are stored. */
  encryptedCredentials(): string {
    return this.#cipher.encrypt(credentialsLabel, encodeJson(this.credentials));
  }

  #openKeys(empty: boolean): KeyStore {
    const { uid, database, commit } = this.#options;
    return new KeyStore({
      cipher: this.#cipher,
      empty,
      limit: keysInMemory,
      load: (type, ids) =>
        withRetry((options) =>
          database.call("load_signal_keys", { session_uid: uid, type, ids }, options),
        ),
      commit,
    });
  }
}
