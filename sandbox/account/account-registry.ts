import { randomInt } from "node:crypto";
import { pack, type Store, unpack } from "../store/store.ts";
import type { Account, Device, PhoneKeys } from "./account.ts";
import { offlineState, phoneDevice } from "./account.ts";
import type { Address } from "./address.ts";
import { type Behaviour, defaultBehaviour } from "./behaviour.ts";

type DeviceRecord = Pick<Device, "identityKey" | "registrationId" | "signedPreKey" | "link">;

/** All accounts and devices: read from memory, written through to the store. */
export class AccountRegistry {
  readonly #store: Store;
  readonly #byPhone = new Map<string, Account>();
  readonly #byLid = new Map<string, Account>();

  constructor(store: Store) {
    this.#store = store;
    this.#load();
  }

  all(): IterableIterator<Account> {
    return this.#byPhone.values();
  }

  byPhone(phone: string): Account | undefined {
    return this.#byPhone.get(phone);
  }

  /** The account that an address belongs to, in either address space. */
  accountAt(address: Address | undefined): Account | undefined {
    if (!address) return undefined;
    return (address.addressing === "lid" ? this.#byLid : this.#byPhone).get(address.user);
  }

  deviceAt(address: Address | undefined): Device | undefined {
    return address && this.accountAt(address)?.devices.get(address.device);
  }

  /** Creates an account with its phone. The caller checks that the number is free. */
  create(phone: string, name: string, keys: PhoneKeys): Account {
    const account: Account = {
      phone,
      lid: this.#unusedLid(),
      name,
      createdAt: Date.now(),
      nextDeviceId: 1,
      keys,
      behaviour: defaultBehaviour,
      devices: new Map(),
      deviceListSubscribers: new Set(),
    };
    this.#index(account);
    this.saveAccount(account);
    this.addDevice(account, 0, {
      identityKey: Buffer.from(keys.identity.public),
      registrationId: keys.registrationId,
      signedPreKey: {
        id: keys.signedPreKey.keyId,
        public: Buffer.from(keys.signedPreKey.keyPair.public),
        signature: Buffer.from(keys.signedPreKey.signature),
      },
      link: null,
    });
    return account;
  }

  /** Deletes an account and all its rows. */
  delete(account: Account): void {
    this.#byPhone.delete(account.phone);
    this.#byLid.delete(account.lid);
    const tables = [
      "account",
      "device",
      "pre_key",
      "signal_key",
      "undelivered",
      "message",
      "app_state_patch",
    ];
    for (const table of tables) {
      this.#store.run(`DELETE FROM ${table} WHERE phone = ?`, account.phone);
    }
  }

  saveAccount(account: Account): void {
    this.#store.run(
      `INSERT INTO account (phone, lid, name, created_at, next_device_id, keys, behaviour)
       VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (phone) DO UPDATE SET name = excluded.name, keys = excluded.keys,
         next_device_id = excluded.next_device_id, behaviour = excluded.behaviour`,
      account.phone,
      account.lid,
      account.name,
      account.createdAt,
      account.nextDeviceId,
      pack(account.keys),
      pack(account.behaviour),
    );
  }

  addDevice(account: Account, id: number, record: DeviceRecord): Device {
    const device: Device = {
      account,
      id,
      ...record,
      ...offlineState(),
    };
    account.devices.set(id, device);
    this.saveDevice(device);
    return device;
  }

  saveDevice(device: Device): void {
    const { identityKey, registrationId, signedPreKey, link } = device;
    const record: DeviceRecord = { identityKey, registrationId, signedPreKey, link };
    this.#store.run(
      "INSERT OR REPLACE INTO device (phone, id, record) VALUES (?, ?, ?)",
      device.account.phone,
      device.id,
      pack(record),
    );
  }

  removeDevice(device: Device): void {
    const { account, id } = device;
    account.devices.delete(id);
    this.#store.run("DELETE FROM device WHERE phone = ? AND id = ?", account.phone, id);
    this.#store.run("DELETE FROM pre_key WHERE phone = ? AND device = ?", account.phone, id);
    this.#store.run("DELETE FROM undelivered WHERE phone = ? AND device = ?", account.phone, id);
  }

  #index(account: Account): void {
    this.#byPhone.set(account.phone, account);
    this.#byLid.set(account.lid, account);
  }

  #unusedLid(): string {
    for (;;) {
      const lid = `1${String(randomInt(1e7)).padStart(7, "0")}${String(randomInt(1e7)).padStart(7, "0")}`;
      if (!this.#byLid.has(lid)) return lid;
    }
  }

  #load(): void {
    for (const row of this.#store.all("SELECT * FROM account ORDER BY created_at, phone")) {
      this.#index({
        phone: String(row["phone"]),
        lid: String(row["lid"]),
        name: String(row["name"]),
        createdAt: Number(row["created_at"]),
        nextDeviceId: Number(row["next_device_id"]),
        keys: unpack<PhoneKeys>(row["keys"]),
        // A behaviour that was stored by an earlier version lacks the newer settings.
        behaviour: { ...defaultBehaviour, ...unpack<Partial<Behaviour>>(row["behaviour"]) },
        devices: new Map(),
        deviceListSubscribers: new Set(),
      });
    }
    for (const row of this.#store.all("SELECT phone, id, record FROM device")) {
      const account = this.#byPhone.get(String(row["phone"]));
      const id = Number(row["id"]);
      const record = unpack<DeviceRecord>(row["record"]);
      account?.devices.set(id, {
        account,
        id,
        ...record,
        ...offlineState(),
      });
    }
    const counts = "SELECT phone, device, count(*) AS keys FROM pre_key GROUP BY phone, device";
    for (const row of this.#store.all(counts)) {
      const device = this.#byPhone.get(String(row["phone"]))?.devices.get(Number(row["device"]));
      if (device) device.preKeyCount = Number(row["keys"]);
    }
    for (const account of this.all()) phoneDevice(account);
  }
}
