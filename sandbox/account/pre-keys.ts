import { bytes, type Store } from "../store/store.ts";
import type { Device, PublicSignedPreKey } from "./account.ts";

export interface PublicPreKey {
  id: number;
  public: Buffer;
}

/** What a sender needs to start a Signal session with a device (X3DH). */
export interface PreKeyBundle {
  registrationId: number;
  identityKey: Buffer;
  signedPreKey: PublicSignedPreKey;
  /** Undefined when the device has no one-time pre-keys left. */
  preKey: PublicPreKey | undefined;
}

/** Stores uploaded one-time pre-keys; ids that exist already are ignored. */
export function addPreKeys(store: Store, device: Device, keys: readonly PublicPreKey[]): void {
  const { account, id } = device;
  for (const key of keys) {
    const added = store.run(
      "INSERT OR IGNORE INTO pre_key (phone, device, id, public) VALUES (?, ?, ?, ?)",
      account.phone,
      id,
      key.id,
      key.public,
    );
    device.preKeyCount += added.changes;
  }
}

/** Returns the device's bundle and deletes the one-time pre-key that it contains. */
export function fetchPreKeyBundle(store: Store, device: Device): PreKeyBundle {
  const { account, id, identityKey, registrationId, signedPreKey } = device;
  const row = store.get(
    "SELECT id, public FROM pre_key WHERE phone = ? AND device = ? ORDER BY id LIMIT 1",
    account.phone,
    id,
  );
  if (!row) return { registrationId, identityKey, signedPreKey, preKey: undefined };
  const preKey = { id: Number(row["id"]), public: bytes(row["public"]) };
  store.run(
    "DELETE FROM pre_key WHERE phone = ? AND device = ? AND id = ?",
    account.phone,
    id,
    preKey.id,
  );
  device.preKeyCount -= 1;
  device.onPreKeyUsed?.();
  return { registrationId, identityKey, signedPreKey, preKey };
}

/** The device's one-time pre-keys, by ascending id. */
export function publicPreKeys(store: Store, device: Device): PublicPreKey[] {
  const sql = "SELECT id, public FROM pre_key WHERE phone = ? AND device = ? ORDER BY id";
  const rows = store.all(sql, device.account.phone, device.id);
  return rows.map((row) => ({ id: Number(row["id"]), public: bytes(row["public"]) }));
}

/** Deletes all one-time pre-keys of a device that uploaded a new identity. */
export function deletePreKeys(store: Store, device: Device): void {
  const sql = "DELETE FROM pre_key WHERE phone = ? AND device = ?";
  store.run(sql, device.account.phone, device.id);
  device.preKeyCount = 0;
}
