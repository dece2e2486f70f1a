import { randomBytes, randomUUID } from "node:crypto";
import type { PublicSignedPreKey } from "../account/account.ts";
import type { Network } from "../network.ts";
import type { Connection } from "../wire/connection.ts";
import type { CompanionPlatform } from "./companion-platform.ts";

/** A connected client that is not linked yet, with the keys that it will have as a device. */
export interface PendingCompanion {
  connection: Connection;
  noiseKey: Buffer;
  identityKey: Buffer;
  registrationId: number;
  signedPreKey: PublicSignedPreKey;
  /** ADV secrets whose QR codes are refused. */
  retiredSecrets: Buffer[];
  /** Set between pair-success and the client's pair-device-sign. */
  onSigned: ((deviceIdentity: Buffer) => void) | null;
  /** Set while the phone waits for the client. */
  onClose: (() => void) | null;
  readonly record: RegistrationRecord;
}

/** What the phones API shows of a registration, even after it has ended. */
export interface RegistrationRecord {
  readonly id: string;
  /** As the phone lists it, for example "Chrome (Mac OS)". */
  readonly name: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  status: "pending" | "linked" | "closed";
  refRefreshes: RefRefreshRecord[];
  /** The last companion_hello, with which the client requested a pairing by code. */
  companionHello: (CompanionPlatform & { accepted: boolean }) | null;
}

/** A `companion_reg_refresh` notification that was sent to the client. */
export interface RefRefreshRecord {
  readonly id: string;
  readonly trigger: "connect" | "scan";
  /** Unix milliseconds. */
  readonly sentAt: number;
  acked: boolean;
}

/** A pairing by code that a client started with companion_hello. */
export interface CodePairing {
  companion: PendingCompanion;
  ref: Buffer;
  /** Salt (32 bytes), IV (16) and the client's ephemeral key, encrypted with the code. */
  wrappedEphemeral: Buffer;
  /** Wrong codes so far. */
  failures: number;
  /** Set while the phone waits for companion_finish. */
  onFinish: ((finish: CompanionFinish) => void) | null;
}

export interface CompanionFinish {
  wrappedKeyBundle: Buffer;
  identityKey: Buffer;
}

interface QrRef {
  companion: PendingCompanion;
  /** Unix milliseconds. */
  expiresAt: number;
}

/** How long WhatsApp's clients show the first QR code, and each of the following five. */
export interface QrLifetime {
  firstMs: number;
  nextMs: number;
}

/** A ref stays valid for this long after the client should have replaced its QR code. */
const graceMs = 5_000;
const refsPerCompanion = 6;
const maxRecords = 100;

/** What the registration handlers depend on. */
export interface RegistrationDeps {
  network: Network;
  registrations: Registrations;
}

/** Clients that are waiting to be linked, found by QR ref or by pairing code. */
export class Registrations {
  readonly #qrRefs = new Map<string, QrRef>();
  readonly #companions = new Map<Connection, PendingCompanion>();
  /** By the phone number that the client named. */
  readonly #codePairings = new Map<string, CodePairing>();
  readonly #records: RegistrationRecord[] = [];
  readonly #lifetime: QrLifetime;
  readonly #now: () => number;

  constructor(lifetime: QrLifetime, now: () => number) {
    this.#lifetime = lifetime;
    this.#now = now;
  }

  /** Creates the record of a new registration. */
  createRecord(name: string): RegistrationRecord {
    const record: RegistrationRecord = {
      id: randomUUID(),
      name,
      startedAt: this.#now(),
      status: "pending",
      refRefreshes: [],
      companionHello: null,
    };
    this.#records.push(record);
    if (this.#records.length > maxRecords) this.#records.shift();
    return record;
  }

  /** The last 100 registrations since the sandbox started, in order. */
  records(): readonly RegistrationRecord[] {
    return this.#records;
  }

  /** Adds a client and returns the QR refs that it shows one after the other. */
  add(companion: PendingCompanion): string[] {
    this.#companions.set(companion.connection, companion);
    const refs: string[] = [];
    for (let index = 0; index < refsPerCompanion; index += 1) {
      const ref = `2@${randomBytes(78).toString("base64")}`;
      const lifetimeMs = this.#lifetime.firstMs + index * this.#lifetime.nextMs + graceMs;
      this.#qrRefs.set(ref, { companion, expiresAt: this.#now() + lifetimeMs });
      refs.push(ref);
    }
    return refs;
  }

  remove(connection: Connection): void {
    const companion = this.#companions.get(connection);
    if (!companion) return;
    if (companion.record.status === "pending") companion.record.status = "closed";
    this.#companions.delete(connection);
    for (const [ref, entry] of this.#qrRefs) {
      if (entry.companion === companion) this.#qrRefs.delete(ref);
    }
    for (const [phone, pairing] of this.#codePairings) {
      if (pairing.companion === companion) this.#codePairings.delete(phone);
    }
  }

  companion(connection: Connection): PendingCompanion | undefined {
    return this.#companions.get(connection);
  }

  /** The client that a QR ref belongs to; undefined if the ref is unknown or expired. */
  companionByQrRef(ref: string): PendingCompanion | undefined {
    const entry = this.#qrRefs.get(ref);
    return entry && entry.expiresAt > this.#now() ? entry.companion : undefined;
  }

  /** Starts a pairing by code; it replaces an earlier one for the same number. */
  startCodePairing(phone: string, pairing: CodePairing): void {
    this.#codePairings.set(phone, pairing);
  }

  codePairing(phone: string): CodePairing | undefined {
    return this.#codePairings.get(phone);
  }

  endCodePairing(phone: string): void {
    this.#codePairings.delete(phone);
  }

  codePairingByRef(ref: Buffer): CodePairing | undefined {
    for (const pairing of this.#codePairings.values()) {
      if (pairing.ref.equals(ref)) return pairing;
    }
    return undefined;
  }
}
