import { bytes, type Store } from "../store/store.ts";
import type { Device, PublicSignedPreKey } from "./account.ts";

export interface PublicPreKey {
  id: number;
  public: Buffer;
}

/** What starts a Signal session with a device. */
export interface KeyBundle {
  registrationId: number;
  identityKey: Buffer;
  signedPreKey: PublicSignedPreKey;
  preKey: PublicPreKey | undefined;
}

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

/** The device's bundle with one of its one-time keys, which nobody gets again. */
export function takeKeyBundle(store: Store, device: Device): KeyBundle {
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
  return { registrationId, identityKey, signedPreKey, preKey };
}

export function preKeyIds(store: Store, device: Device): number[] {
  const sql = "SELECT id FROM pre_key WHERE phone = ? AND device = ? ORDER BY id";
  return store.all(sql, device.account.phone, device.id).map((row) => Number(row["id"]));
}

/** Drops all one-time keys: a device that uploads a new identity starts over. */
export function dropPreKeys(store: Store, device: Device): void {
  const sql = "DELETE FROM pre_key WHERE phone = ? AND device = ?";
  store.run(sql, device.account.phone, device.id);
  device.preKeyCount = 0;
}
