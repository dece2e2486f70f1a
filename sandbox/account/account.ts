import type { KeyPair, SignedKeyPair } from "@whiskeysockets/baileys";
import type { BinaryNode } from "../wire/node.ts";

/** The public half of a Signal signed pre-key, as other devices fetch it. */
export interface PublicSignedPreKey {
  id: number;
  public: Buffer;
  signature: Buffer;
}

/** Where a device takes its stanzas while it is reachable: a socket, or a simulated phone. */
export interface Inbox {
  /** `encoded` is the same stanza in its wire form, when somebody has it already. */
  receive(stanza: BinaryNode, encoded?: Uint8Array): void;
}

/** What only a companion has: device 0, the phone, is not linked to anything. */
export interface Link {
  noiseKey: Buffer;
  keyIndex: number;
  name: string;
  /** Unix milliseconds. */
  linkedAt: number;
  /** Whether the phone has shared its keys and history with it. */
  synced: boolean;
}

export interface Device {
  readonly account: Account;
  readonly id: number;
  identityKey: Buffer;
  registrationId: number;
  signedPreKey: PublicSignedPreKey;
  preKeyCount: number;
  link: Link | null;
  inbox: Inbox | null;
}

/** What a phone keeps to itself. */
export interface PhoneKeys {
  identity: KeyPair;
  registrationId: number;
  signedPreKey: SignedKeyPair;
  nextPreKeyId: number;
}

export interface Behaviour {
  online: boolean;
  autoRead: boolean;
  autoReply: string | null;
}

/** A number on the network: its phone is device 0, linked sessions are the others. */
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
  /** Who has asked for this account's devices, and keeps the answer. Forgotten at a restart. */
  readonly watchers: Set<Account>;
}

/** The device that every account has. */
export function phoneDevice(account: Account): Device {
  const device = account.devices.get(0);
  if (!device) throw new Error("account without a phone");
  return device;
}
