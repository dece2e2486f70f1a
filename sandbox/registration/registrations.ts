import { randomBytes } from "node:crypto";
import type { Connection } from "../wire/connection.ts";
import type { PublicSignedPreKey } from "../account/account.ts";

/** A client that waits to be linked, with the keys it will have as a device. */
export interface Candidate {
  connection: Connection;
  noiseKey: Buffer;
  identityKey: Buffer;
  registrationId: number;
  signedPreKey: PublicSignedPreKey;
  name: string;
  /** Set while the client has been offered a place and has not signed yet. */
  onSigned: ((deviceIdentity: Buffer) => void) | null;
}

/** A pairing code that a client shows: what a phone needs to answer it. */
export interface CodeOffer {
  candidate: Candidate;
  ref: Buffer;
  wrappedEphemeral: Buffer;
  /** Wrong codes so far. */
  failures: number;
  onFinish: ((finish: CodeFinish) => void) | null;
}

export interface CodeFinish {
  wrappedKeyBundle: Buffer;
  identityKey: Buffer;
}

interface Reference {
  candidate: Candidate;
  /** Unix milliseconds. */
  expiresAt: number;
}

/** How long WhatsApp's clients show the first QR code, and each of the following five. */
export interface QrLifetime {
  firstMs: number;
  nextMs: number;
}

/** What a client is late by before its QR code really stops working. */
const graceMs = 5_000;
const referencesPerClient = 6;

/** Clients that want to be linked, found by what a phone scans or types. */
export class Registrations {
  readonly #references = new Map<string, Reference>();
  readonly #candidates = new Map<Connection, Candidate>();
  readonly #offers = new Map<string, CodeOffer>();
  readonly #lifetime: QrLifetime;
  readonly #now: () => number;

  constructor(lifetime: QrLifetime, now: () => number) {
    this.#lifetime = lifetime;
    this.#now = now;
  }

  /** Takes a client in; returns the references it may show, one after the other. */
  add(candidate: Candidate): string[] {
    this.#candidates.set(candidate.connection, candidate);
    const references: string[] = [];
    for (let index = 0; index < referencesPerClient; index += 1) {
      const reference = `2@${randomBytes(78).toString("base64")}`;
      const lifeMs = this.#lifetime.firstMs + index * this.#lifetime.nextMs + graceMs;
      this.#references.set(reference, { candidate, expiresAt: this.#now() + lifeMs });
      references.push(reference);
    }
    return references;
  }

  remove(connection: Connection): void {
    const candidate = this.#candidates.get(connection);
    if (!candidate) return;
    this.#candidates.delete(connection);
    for (const [reference, entry] of this.#references) {
      if (entry.candidate === candidate) this.#references.delete(reference);
    }
    for (const [phone, offer] of this.#offers) {
      if (offer.candidate === candidate) this.#offers.delete(phone);
    }
  }

  candidate(connection: Connection): Candidate | undefined {
    return this.#candidates.get(connection);
  }

  /** The client that shows this reference now; undefined once it is gone or too old. */
  byReference(reference: string): Candidate | undefined {
    const entry = this.#references.get(reference);
    return entry && entry.expiresAt > this.#now() ? entry.candidate : undefined;
  }

  /** A client asks to be linked to a number by code; a later request takes an earlier one's place. */
  offerCode(phone: string, offer: CodeOffer): void {
    this.#offers.set(phone, offer);
  }

  codeOffer(phone: string): CodeOffer | undefined {
    return this.#offers.get(phone);
  }

  withdrawCode(phone: string): void {
    this.#offers.delete(phone);
  }

  offerByReference(ref: Buffer): CodeOffer | undefined {
    for (const offer of this.#offers.values()) {
      if (offer.ref.equals(ref)) return offer;
    }
    return undefined;
  }
}
