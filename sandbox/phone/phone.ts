import type { Account, Device, Inbox } from "../account/account.ts";
import { phoneDevice } from "../account/account.ts";
import { addPreKeys } from "../account/pre-keys.ts";
import type { Network } from "../network.ts";
import { settle, waitingFor } from "../stanza/deliver.ts";
import { type BinaryNode, node } from "../wire/node.ts";
import { SignalEngine } from "./engine.ts";
import { type PhoneEvent, PhoneEvents } from "./events.ts";
import { takeMessage } from "./take-message.ts";
import { takeReceipt } from "./take-receipt.ts";

const preKeyStock = 30;
const preKeyMinimum = 10;

/** A simulated phone: device 0 of its account. Does one thing at a time, in the order it came. */
export class Phone implements Inbox {
  readonly network: Network;
  readonly account: Account;
  readonly device: Device;
  readonly events: PhoneEvents;
  /** How often a message was asked for again, by id. */
  readonly retries = new Map<string, number>();
  #engine: SignalEngine | null = null;
  #tail: Promise<void> = Promise.resolve();

  constructor(network: Network, account: Account) {
    this.network = network;
    this.account = account;
    this.device = phoneDevice(account);
    this.events = new PhoneEvents();
  }

  /** Made when first needed: most phones of a large network never speak. */
  get engine(): SignalEngine {
    this.#engine ??= new SignalEngine(this.network.store, this.account);
    return this.#engine;
  }

  receive(stanza: BinaryNode): void {
    void this.run(() => this.#take(stanza));
  }

  /** Runs a step after everything this phone was already asked to do. */
  run<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(step);
    this.#tail = settled(result);
    return result;
  }

  /** Opens or closes the line to the network; what waited comes first. */
  setOnline(online: boolean): void {
    if (!online) {
      this.device.inbox = null;
      return;
    }
    if (this.device.inbox) return;
    this.device.inbox = this;
    const all = { afterSeq: 0, limit: -1 };
    for (const { stanza } of waitingFor(this.network.store, this.device, all)) this.receive(stanza);
  }

  /** Keeps one-time keys on the key server, so that others can start talking to this phone. */
  refillPreKeys(): void {
    if (this.device.preKeyCount >= preKeyMinimum) return;
    const keys = this.engine.generatePreKeys(preKeyStock);
    addPreKeys(this.network.store, this.device, keys);
    this.network.directory.saveAccount(this.account);
  }

  /** Tells those who watch, once it is stored. */
  emit(event: PhoneEvent): void {
    this.network.store.whenCommitted(() => this.events.emit(event));
  }

  close(): void {
    this.device.inbox = null;
    this.#engine?.close();
  }

  async #take(stanza: BinaryNode): Promise<void> {
    try {
      // Its own receipt settles a message.
      if (stanza.tag === "message" && (await takeMessage(this, stanza))) return;
      if (stanza.tag === "receipt") await takeReceipt(this, stanza);
    } catch (error) {
      this.network.log.error({ err: error, tag: stanza.tag }, "phone could not take a stanza");
    }
    const { id = "", type, from } = stanza.attrs;
    settle(this.network.store, this.device, stanza.tag, node("ack", { id, type, to: from }));
  }
}

async function settled(step: Promise<unknown>): Promise<void> {
  await Promise.allSettled([step]);
}
