import type { Account, Device } from "../account/account.ts";
import type { Network } from "../network.ts";
import { SandboxError } from "../sandbox-error.ts";
import { generatePhoneKeys } from "./engine.ts";
import { Phone } from "./phone.ts";
import { shareWithNewDevice } from "./share.ts";

/** All simulated phones of the network. */
export class Phones {
  readonly #network: () => Network;
  readonly #phones = new Map<string, Phone>();

  /** The network is asked for later: it contains this. */
  constructor(network: () => Network) {
    this.#network = network;
  }

  /** Switches on the phones that were on when the network stopped. */
  start(): void {
    for (const account of this.#network().directory.accounts()) this.#switchOn(account);
  }

  create(number: string, name: string): Phone {
    const { directory, log } = this.#network();
    if (directory.byPhone(number)) {
      throw new SandboxError(
        "phone_exists",
        "This number has a phone already. Use it, or delete it first.",
      );
    }
    const account = directory.create(number, name, generatePhoneKeys());
    log.info({ phones: this.#phones.size + 1 }, "phone created");
    return this.#switchOn(account);
  }

  delete(phone: Phone): void {
    phone.close();
    this.#phones.delete(phone.account.phone);
    this.#network().directory.delete(phone.account);
  }

  list(): Phone[] {
    return [...this.#phones.values()];
  }

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

  /** A phone tops up its one-time keys; other devices do so themselves when they are told. */
  refillPreKeys(device: Device): void {
    if (device.id === 0) this.#phones.get(device.account.phone)?.refillPreKeys();
  }

  /** Called whenever a device starts to listen: the first time, its phone tells it what it needs. */
  shareWithNewDevice(device: Device): void {
    const network = this.#network();
    const phone = this.#phones.get(device.account.phone);
    if (!phone || !device.link || device.link.synced) return;
    device.link.synced = true;
    network.directory.saveDevice(device);
    phone
      .run(() => shareWithNewDevice(phone, device))
      .catch((error: unknown) => network.log.error({ err: error }, "phone could not share"));
  }

  close(): void {
    for (const phone of this.#phones.values()) phone.close();
  }

  #switchOn(account: Account): Phone {
    const phone = new Phone(this.#network(), account);
    this.#phones.set(account.phone, phone);
    phone.refillPreKeys();
    if (account.behaviour.online) phone.setOnline(true);
    return phone;
  }
}
