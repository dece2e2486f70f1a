/** Baileys shows the first of six QR codes for a minute, and the others for 20 s each. */
const firstQrMs = 60_000;
const nextQrMs = 20_000;
const qrCount = 6;
const connectionLifeMs = firstQrMs + (qrCount - 1) * nextQrMs;
/** What somebody needs to type a code into a phone. */
const codeNeedsMs = 120_000;

/** What is shown for pairing, and until when: of the current link, and of the wish for one. */
export class PairingWindow {
  readonly #wantedMs: number;
  readonly #now: () => number;
  #wantedUntil = 0;
  #shownFirstAt: number | undefined;
  #firstQr = Promise.withResolvers<true>();

  constructor(wantedMs: number, now: () => number = Date.now) {
    this.#wantedMs = wantedMs;
    this.#now = now;
  }

  /** Somebody wants to pair now. */
  ask(): void {
    this.#wantedUntil = this.#now() + this.#wantedMs;
  }

  isWanted(): boolean {
    return this.#now() < this.#wantedUntil;
  }

  connectionOpens(): void {
    if (this.#shownFirstAt !== undefined) this.#firstQr = Promise.withResolvers();
    this.#shownFirstAt = undefined;
  }

  /** The link shows a QR; gives until when it can be scanned. */
  shown(): string {
    const isFirst = this.#shownFirstAt === undefined;
    this.#shownFirstAt ??= this.#now();
    this.#firstQr.resolve(true);
    return new Date(this.#now() + (isFirst ? firstQrMs : nextQrMs)).toISOString();
  }

  firstQr(): Promise<true> {
    return this.#firstQr.promise;
  }

  /** Whether a code that is made on this link now would live long enough. */
  hasTimeForCode(): boolean {
    const shownAt = this.#shownFirstAt;
    return shownAt === undefined || shownAt + connectionLifeMs - this.#now() >= codeNeedsMs;
  }

  /** When the link has shown all of its codes and closes. */
  connectionEndsAt(): string {
    return new Date((this.#shownFirstAt ?? this.#now()) + connectionLifeMs).toISOString();
  }
}
