import type { Account, Device, Inbox } from "../account/account.ts";
import { phoneDevice } from "../account/account.ts";
import { addPreKeys } from "../account/pre-keys.ts";
import type { Network } from "../network.ts";
import { undeliveredStanzas } from "../stanza/deliver.ts";
import type { BinaryNode } from "../wire/node.ts";
import { type PhoneEvent, PhoneEvents } from "./events.ts";
import { hasMedia, MediaChecks } from "./media-checks.ts";
import { SignalEngine } from "./signal-engine.ts";

/** One-time pre-keys per upload, and the count on the key server below which it uploads again. */
const preKeyBatch = 30;
const preKeyMinimum = 10;

export interface PhoneOptions {
  network: Network;
  account: Account;
  /** Processes one stanza. The phone calls it for one stanza at a time, in order of arrival. */
  handleStanza: (phone: Phone, stanza: BinaryNode) => Promise<void>;
}

/** A simulated phone: device 0 of its account. Its steps run one at a time, in order. */
export class Phone implements Inbox {
  readonly network: Network;
  readonly account: Account;
  readonly device: Device;
  readonly events: PhoneEvents;
  readonly mediaChecks: MediaChecks;
  /** Retry receipts sent so far, by message id. */
  readonly retryCounts = new Map<string, number>();
  readonly #handleStanza: PhoneOptions["handleStanza"];
  #engine: SignalEngine | null = null;
  #lastStep: Promise<void> = Promise.resolve();
  #lastEvent: Promise<void> = Promise.resolve();
  #delayedEvents = 0;

  constructor({ network, account, handleStanza }: PhoneOptions) {
    this.network = network;
    this.account = account;
    this.device = phoneDevice(account);
    this.events = new PhoneEvents();
    this.mediaChecks = new MediaChecks(network);
    this.#handleStanza = handleStanza;
    this.device.onPreKeyUsed = () => this.uploadPreKeys();
  }

  /** Created on first use: in a large network most phones never send or receive. */
  get engine(): SignalEngine {
    this.#engine ??= new SignalEngine(this.network.store, this.account);
    return this.#engine;
  }

  receive(stanza: BinaryNode): void {
    void this.run(() => this.#handleStanza(this, stanza));
  }

  /** Runs a step after all earlier steps of this phone, and returns its result. */
  run<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#lastStep.then(step);
    this.#lastStep = settled(result);
    return result;
  }

  /** Connects or disconnects the phone. On connect it first processes its undelivered stanzas. */
  setOnline(online: boolean): void {
    if (!online) {
      this.device.inbox = null;
      return;
    }
    if (this.device.inbox) return;
    this.device.inbox = this;
    const all = { afterSeq: 0, limit: -1 };
    for (const { stanza } of undeliveredStanzas(this.network.store, this.device, all)) {
      this.receive(stanza);
    }
  }

  /** Uploads one-time pre-keys when few are left, so that others can start sessions with it. */
  uploadPreKeys(): void {
    if (this.device.preKeyCount >= preKeyMinimum) return;
    const keys = this.engine.generatePreKeys(preKeyBatch);
    addPreKeys(this.network.store, this.device, keys);
    this.network.accounts.saveAccount(this.account);
  }

  /**
   * Emits an event once everything written so far is committed, and after all earlier events. A
   * message with media is emitted when its file has been read.
   */
  emit(event: PhoneEvent): void {
    const isMedia = event.type === "message" && hasMedia(event.message);
    if (!isMedia && this.#delayedEvents === 0) {
      this.network.store.whenCommitted(() => this.events.emit(event));
      return;
    }
    this.#delayedEvents += 1;
    this.#lastEvent = this.#lastEvent.then(() => this.#emitComplete(event));
  }

  async #emitComplete(event: PhoneEvent): Promise<void> {
    let complete = event;
    try {
      if (event.type === "message") {
        complete = { ...event, message: await this.mediaChecks.complete(event.message) };
      }
    } catch (error) {
      this.network.log.error({ err: error }, "phone failed to read a file");
    }
    await this.network.store.committed();
    this.#delayedEvents -= 1;
    this.events.emit(complete);
  }

  close(): void {
    this.device.inbox = null;
    this.device.onPreKeyUsed = null;
    this.#engine?.close();
  }
}

async function settled(step: Promise<unknown>): Promise<void> {
  await Promise.allSettled([step]);
}
