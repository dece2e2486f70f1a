import type { KeyPair, SignedKeyPair } from "@whiskeysockets/baileys";
import type { BinaryNode } from "../wire/node.ts";
import type { Behaviour } from "./behaviour.ts";

/** The public half of a Signal signed pre-key, as the key server hands it out. */
export interface PublicSignedPreKey {
  id: number;
  public: Buffer;
  signature: Buffer;
}

/** Receives a device's stanzas while it is online: a connection, or a simulated phone. */
export interface Inbox {
  /** `encoded` is the same stanza in binary form, if the caller has already encoded it. */
  receive(stanza: BinaryNode, encoded?: Uint8Array): void;
}

/** What only a companion device has. Device 0, the phone, is not linked to anything. */
export interface CompanionLink {
  noiseKey: Buffer;
  keyIndex: number;
  name: string;
  /** Unix milliseconds. */
  linkedAt: number;
  /** Whether the phone has sent it the app state keys and the message history. */
  synced: boolean;
}

export interface Device {
  readonly account: Account;
  readonly id: number;
  identityKey: Buffer;
  registrationId: number;
  signedPreKey: PublicSignedPreKey;
  /** One-time pre-keys left on the key server. */
  preKeyCount: number;
  link: CompanionLink | null;
  /** Null while the device is offline. */
  inbox: Inbox | null;
  /** Set by a simulated phone to upload new one-time pre-keys. A client gets a notification. */
  onPreKeyUsed: (() => void) | null;
  /** Whether the client has declared itself available on its current connection. */
  available: boolean;
  /** How often a client has sent `<presence>` without `type` since the sandbox started. */
  untypedPresences: number;
}

/** The private keys of a simulated phone. */
export interface PhoneKeys {
  identity: KeyPair;
  registrationId: number;
  signedPreKey: SignedKeyPair;
  nextPreKeyId: number;
}

/** A number on the network. Device 0 is its phone; linked clients are the other devices. */
export interface Account {
  readonly phone: string;
  readonly lid: string;
  name: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  nextDeviceId: number;
  keys: PhoneKeys;
  behaviour: Behaviour;
  readonly devices: Map<number, Device>;
  /**
   * Accounts that queried this account's device list and cache it, so they are notified when it
   * changes. Kept in memory only.
   */
  readonly deviceListSubscribers: Set<Account>;
}

/** The part of a device that is not stored. */
export function offlineState() {
  return {
    preKeyCount: 0,
    inbox: null,
    onPreKeyUsed: null,
    available: false,
    untypedPresences: 0,
  } satisfies Partial<Device>;
}

/** The account's phone. Throws if there is none, which only a corrupt store can cause. */
export function phoneDevice(account: Account): Device {
  const device = account.devices.get(0);
  if (!device) throw new Error("account without a phone");
  return device;
}
