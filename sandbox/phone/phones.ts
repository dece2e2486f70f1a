import type { Account, Device } from "../account/account.ts";
import type { Network } from "../network.ts";
import { SandboxError } from "../sandbox-error.ts";
import { handleStanza } from "./handle-stanza.ts";
import { sendInitialSync } from "./initial-sync.ts";
import { Phone } from "./phone.ts";
import { generatePhoneKeys } from "./signal-engine.ts";

/** All simulated phones of the network. */
export class Phones {
  readonly #network: Network;
  readonly #phones = new Map<string, Phone>();

  constructor(network: Network) {
    this.#network = network;
  }

  /** Starts the phones of all stored accounts; those that were online come online again. */
  start(): void {
    for (const account of this.#network.accounts.all()) this.#start(account);
  }

  /** Creates an account with its phone. Throws `phone_exists` if the number is taken. */
  create(number: string, name: string): Phone {
    const { accounts, log } = this.#network;
    if (accounts.byPhone(number)) {
      throw new SandboxError(
        "phone_exists",
        "A phone with this number already exists. Use it, or delete it first.",
      );
    }
    const account = accounts.create(number, name, generatePhoneKeys());
    log.info({ phones: this.#phones.size + 1 }, "phone created");
    return this.#start(account);
  }

  delete(phone: Phone): void {
    phone.close();
    this.#phones.delete(phone.account.phone);
    this.#network.accounts.delete(phone.account);
  }

  list(): Phone[] {
    return [...this.#phones.values()];
  }

  /** Throws `phone_not_found` if there is no phone with this number. */
  get(number: string): Phone {
    const phone = this.#phones.get(number);
    if (!phone) {
      throw new SandboxError(
        "phone_not_found",
        "There is no phone with this number. Create it with POST /phones.",
      );
    }
    return phone;
  }

  /** Call when a device comes online. The first time, its phone sends it the initial sync. */
  syncOnce(device: Device): void {
    const { accounts, log } = this.#network;
    const phone = this.#phones.get(device.account.phone);
    if (!phone || !device.link || device.link.synced) return;
    device.link.synced = true;
    accounts.saveDevice(device);
    phone
      .run(() => sendInitialSync(phone, device))
      .catch((error: unknown) => log.error({ err: error }, "initial sync failed"));
  }

  close(): void {
    for (const phone of this.#phones.values()) phone.close();
  }

  #start(account: Account): Phone {
    const phone = new Phone({ network: this.#network, account, handleStanza });
    this.#phones.set(account.phone, phone);
    phone.uploadPreKeys();
    if (account.behaviour.online) phone.setOnline(true);
    return phone;
  }
}
